import { describe, expect, test } from 'vitest';
import { engineError } from './engine-error.ts';

/** As an engine says it with status 500: measured on 20.10, 26.1 and 28.5, and as engines with the store of containerd say it. */
const pull = (message: string) =>
  engineError('pull image app:1', Object.assign(new Error(message), { statusCode: 500 }), 'IMAGE_PULL_FAILED');

describe('an image that cannot be pulled', () => {
  test.each([
    ['IMAGE_PULL_FAILED', 'Get "http://10.0.0.1:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused'],
    ['IMAGE_LOGIN_MISSING', 'Head "http://10.0.0.1:5000/v2/app/manifests/1": no basic auth credentials'],
    ['IMAGE_LOGIN_MISSING', 'unauthorized: authentication required'],
    ['IMAGE_LOGIN_MISSING', "error parsing HTTP 401 response body: invalid character '<'"],
    ['IMAGE_PULL_DENIED', "pull access denied for app, repository does not exist or may require 'docker login'"],
    ['IMAGE_PULL_DENIED', 'denied: requested access to the resource is denied'],
    ['IMAGE_PULL_DENIED', '(HTTP code 500) server error - denied'],
    ['IMAGE_PULL_DENIED', "error parsing HTTP 403 response body: invalid character '<'"],
    [
      'IMAGE_PULL_DENIED',
      'unexpected status from HEAD request to http://10.0.0.1:5000/v2/app/manifests/1: 403 Forbidden',
    ],
    ['IMAGE_NOT_FOUND', 'manifest for 10.0.0.1:5000/app:1 not found: manifest unknown: manifest unknown'],
    ['IMAGE_PULL_LIMITED', 'toomanyrequests: You have reached your pull rate limit.'],
    ['IMAGE_PULL_LIMITED', 'unexpected status from HEAD request to http://10.0.0.1:5000/v2/: 429 Too Many Requests'],
    ['IMAGE_DIGEST_MISMATCH', 'filesystem layer verification failed for digest sha256:aa'],
    ['IMAGE_DIGEST_MISMATCH', 'manifest verification failed for digest sha256:aa'],
    ['IMAGE_DIGEST_MISMATCH', 'unexpected commit digest sha256:bb, expected sha256:aa: failed precondition'],
    ['DISK_FULL', 'failed to register layer: write /usr/lib/x: no space left on device'],
  ])('is %s: %s', (code, message) => {
    expect(pull(message)).toMatchObject({ code, message: expect.stringContaining(message), hint: expect.any(String) });
  });

  test.each([
    [401, 'IMAGE_LOGIN_MISSING'],
    [403, 'IMAGE_PULL_DENIED'],
    [404, 'IMAGE_NOT_FOUND'],
    [429, 'IMAGE_PULL_LIMITED'],
    [500, 'IMAGE_PULL_FAILED'],
  ])('is told by the status %i where nothing else is said', (statusCode, code) => {
    const error = Object.assign(new Error('unexpected'), { statusCode });
    expect(engineError('pull image app:1', error, 'IMAGE_PULL_FAILED').code).toBe(code);
    expect(engineError('create container app', error).code, 'no pull').toBe('ENGINE_ERROR');
  });

  test('is no denial of another kind', () => {
    const error = new Error('mkdir /data: permission denied');
    expect(engineError('create container app', error).code).toBe('ENGINE_ERROR');
  });

  test.each([
    ['toomanyrequests: retry-after: 1m2.5s, allowed: 44000/minute', 62_500],
    ['toomanyrequests: retry-after: 981.5µs, allowed: 44000/minute', 0.9815],
    ['toomanyrequests: You have reached your pull rate limit.', 60_000],
  ])('waits as long as its registry asks for, or a minute: %s', (message, expected) => {
    expect(pull(message).retryAfterMs).toBeCloseTo(expected, 3);
  });

  test('waits for nobody who asked for nothing', () => {
    expect(pull('manifest unknown; retry-after: 5s').retryAfterMs).toBeUndefined();
  });
});
