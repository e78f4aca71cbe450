import { describe, expect, test } from 'vitest';
import {
  capability,
  healthcheckFields,
  imageReference,
  restartPolicy,
  securityOptions,
  stopSignal,
  variables,
} from './spellings.ts';

const NONE = { privileged: false, pid: '', ipc: '' };

describe('one spelling', () => {
  test.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['library/nginx:latest', 'docker.io/library/nginx:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['grafana/grafana:11', 'docker.io/grafana/grafana:11'],
    ['localhost/app', 'localhost/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['ghcr.io/a/b:1@sha256:aa', 'ghcr.io/a/b@sha256:aa'],
  ])('image %s is %s', (text, canonical) => {
    expect(imageReference(text)).toBe(canonical);
    expect(imageReference(canonical)).toBe(canonical);
  });

  test.each([
    ['SIGTERM', 'TERM'],
    ['term', 'TERM'],
    ['15', 'TERM'],
    ['SIGRTMIN+3', 'RTMIN+3'],
    ['', ''],
  ])('signal %s is %s', (text, canonical) => expect(stopSignal(text)).toBe(canonical));

  test.each([
    ['net_admin', 'CAP_NET_ADMIN'],
    ['CAP_NET_ADMIN', 'CAP_NET_ADMIN'],
    ['all', 'ALL'],
  ])('capability %s is %s', (text, canonical) => expect(capability(text)).toBe(canonical));

  test.each([
    ['', 0, ''],
    ['no', 0, ''],
    ['on-failure', 0, 'on-failure'],
    ['on-failure', 3, 'on-failure:3'],
    ['always', 3, 'always'],
  ])('restart %s with %i retries is %s', (name, retries, canonical) =>
    expect(restartPolicy(name, retries)).toBe(canonical),
  );

  test('a security option has one sign, and what goes without saying goes', () => {
    const options = ['label:disable', 'no-new-privileges:true', 'seccomp=unconfined', 'systempaths=unconfined'];
    const rest = ['no-new-privileges', 'seccomp=unconfined'];
    expect(securityOptions(options, NONE)).toEqual(['label=disable', ...rest, 'systempaths=unconfined']);
    expect(securityOptions(options, { ...NONE, pid: 'host' })).toEqual([...rest, 'systempaths=unconfined']);
    expect(securityOptions(options, { ...NONE, ipc: 'container:c1' })).toEqual([...rest, 'systempaths=unconfined']);
    expect(securityOptions(options, { ...NONE, privileged: true })).toEqual(rest);
  });

  test('an environment is a mapping: the last entry wins, empty is not unset', () => {
    expect([...variables(['A=1', 'A=2', 'B=', 'C', 'D=x=y'])]).toEqual([
      ['A', '=2'],
      ['B', '='],
      ['C', 'unset'],
      ['D', '=x=y'],
    ]);
  });

  test('a healthcheck tells what is set, and none tells nothing', () => {
    expect([...healthcheckFields({ Test: ['NONE'], Interval: 0, Retries: 3 })]).toEqual([
      ['healthcheck.test', '["NONE"]'],
      ['healthcheck.retries', '3'],
    ]);
    for (const none of [undefined, null, {}, { Test: null }, { Test: [] }])
      expect(healthcheckFields(none).size).toBe(0);
  });
});
