import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

const PLAIN = { user: '', privileged: false, workingDir: '', environment: [] };

describe('commands around start and stop', () => {
  test('are read in order, with whom and where they run', async () => {
    const { hooks } = await memoryService(
      [
        'post_start:',
        '  - command: ./seed.sh --all',
        '  - { command: [chown, -R, "1:1", /d], user: root, privileged: true, working_dir: /d, environment: [B=2, A, C=] }',
        'pre_stop: [{ command: [drain], environment: { N: 1 } }]',
      ].join('\n'),
      { variables: { A: 'of the fleet' } },
    );
    expect(hooks.postStart).toEqual([
      { ...PLAIN, command: ['./seed.sh', '--all'] },
      {
        command: ['chown', '-R', '1:1', '/d'],
        user: 'root',
        privileged: true,
        workingDir: '/d',
        environment: [
          { name: 'A', value: 'of the fleet' },
          { name: 'B', value: '2' },
          { name: 'C', value: '' },
        ],
      },
    ]);
    expect(hooks.preStop).toEqual([{ ...PLAIN, command: ['drain'], environment: [{ name: 'N', value: '1' }] }]);
  });

  test.each([
    ['post_start: [{ user: root }]', 'COMPOSE_VALUE 4:18'],
    ['post_start: [{ command: [] }]', 'COMPOSE_VALUE 4:29'],
    ['pre_stop: [{ command: x, env: {} }]', 'COMPOSE_UNKNOWN_KEY 4:30'],
    // Docker compose 2.40 has no such thing.
    ['pre_start: [{ command: x }]', 'COMPOSE_UNSUPPORTED_KEY 4:5'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
