import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

describe('what runs in a container', () => {
  test('is what the image says where the file says nothing', async () => {
    expect((await memoryService('restart: always')).process).toEqual({
      hostname: '',
      domainname: '',
      user: '',
      workingDir: '',
      tty: false,
      stdinOpen: false,
      init: undefined,
      stopSignal: '',
      stopTimeoutSeconds: undefined,
    });
  });

  test.each([
    ['hostname: web.example', { hostname: 'web.example' }],
    ['domainname: example.org', { domainname: 'example.org' }],
    ['user: "1000:1000"', { user: '1000:1000' }],
    ['working_dir: /srv/app/', { workingDir: '/srv/app' }],
    ['working_dir: /srv/../app', { workingDir: '/app' }],
    ['working_dir: /', { workingDir: '/' }],
    ['tty: yes\nstdin_open: "true"', { tty: true, stdinOpen: true }],
    ['init: false', { init: false }],
    ['stop_signal: SIGINT', { stopSignal: 'SIGINT' }],
    ['stop_signal: "15"', { stopSignal: '15' }],
    ['stop_signal: RTMIN+3', { stopSignal: 'RTMIN+3' }],
    ['stop_grace_period: 1m30s', { stopTimeoutSeconds: 90 }],
    // The engine counts whole seconds; what is left over is cut off.
    ['stop_grace_period: 1500ms', { stopTimeoutSeconds: 1 }],
    ['stop_grace_period: 0s', { stopTimeoutSeconds: 0 }],
  ])('%s', async (attributes, process) => {
    expect((await memoryService(attributes)).process).toMatchObject(process);
  });

  test.each([
    ['hostname: "a b"', 'NAME_INVALID 4:15'],
    ['hostname: 5', 'COMPOSE_TYPE 4:15'],
    ['user: 1000', 'COMPOSE_TYPE 4:11'],
    ['working_dir: srv', 'COMPOSE_VALUE 4:18'],
    ['tty: maybe', 'COMPOSE_TYPE 4:10'],
    ['stop_signal: SIGNONE', 'COMPOSE_VALUE 4:18'],
    ['stop_signal: "99"', 'COMPOSE_VALUE 4:18'],
    ['stop_grace_period: 90', 'COMPOSE_DURATION 4:24'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
