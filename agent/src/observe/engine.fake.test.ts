import { describe, test } from 'vitest';
import { ENGINE_CONTRACT } from './contract/engine-contract.ts';
import { FakeEngine } from './engine.fake.ts';

function subject() {
  const engine = new FakeEngine();
  engine.addImage('local/contract:1', {
    Env: ['PATH=/bin', 'FROM_IMAGE=yes'],
    Labels: { 'from.image': 'yes' },
    Volumes: { '/kept': {} },
    WorkingDir: '/tmp',
    User: '0',
    StopSignal: 'SIGKILL',
    Cmd: ['sleep', '3600'],
  });
  return {
    engine,
    pause: (container: string) => engine.pause(container),
    tag: (image: string, tag: string) => engine.tagImage(image, tag),
  };
}

describe('the engine in memory', () => {
  test.each(ENGINE_CONTRACT)('$name', ({ holds }) => holds(subject()));
});
