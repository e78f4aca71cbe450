import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { KEPT_ATTRIBUTES, rareAttributesBundle, serviceOf } from '../support/rare-attributes.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';
import { describeAudits } from './audits.ts';
import { describePhases } from './phases.ts';

/** How a process ends that SIGKILL ended, in a shell's words. */
const KILLED = 137;

let bench: Workbench;
/** What engine 26, which speaks API 1.45, does not know. */
const desired = desiredOf([rareAttributesBundle({ from: 46, until: 51 })]);

beforeAll(async () => {
  bench = await startWorkbench('28');
});

afterAll(async () => {
  await bench?.close();
});

describe('each attribute that only newer engines know', () => {
  describePhases(() => ({ bench, desired }), ['28']);
  describeAudits(() => ({ bench, desired }));
});

describe('an engine that does not know what Git asks for', () => {
  test('is refused the stack before anything of it is made, with each attribute and the version that has it', async () => {
    const old = await startWorkbench('26');
    try {
      const { stacks } = await old.settle(desired);
      expect(stacks).toMatchObject([{ stack: 'each', problem: { code: 'ENGINE_TOO_OLD' } }]);
      expect(stacks[0]?.problem?.message).toMatch(/speaks API 1\.45 and would drop .* \(API 1\.48\)/);
      expect(await old.engine.docker.listContainers({ all: true })).toEqual([]);
      expect(old.events.filter((event) => event.startsWith('apply.failed'))).toHaveLength(1);
    } finally {
      await old.close();
    }
  });
});

describe('what this machine cannot start', () => {
  test.each(Object.entries(KEPT_ATTRIBUTES))(
    '%s is kept by the engine as it was asked for, and leaves nothing behind',
    async (name, { spec, kept }) => {
      const alone = { ...spec, networks: [], networkMode: 'none' };
      const stack = bundleOf('kept', { services: [serviceOf(name, { spec: alone })] });
      try {
        // Between creating and starting: a container that does not start is removed at once.
        const died = await bench.settleApart([stack], { MOORING_FAILPOINT: 'create.created' });
        expect(died.code, `${died.stdout}${died.stderr}`).toBe(KILLED);
        const { HostConfig, State } = await bench.engine.docker.getContainer(`kept-${name}-1`).inspect();
        expect(State.Status).toBe('created');
        expect(HostConfig).toMatchObject(kept);
        const { stacks } = await bench.pass(desiredOf([stack]));
        expect(stacks[0]?.problem?.message).toMatch(/^Cannot start container/);
      } finally {
        await bench.settle({ ...desired, removals: ['kept'] });
      }
      expect(
        (await bench.engine.docker.listContainers({ all: true })).filter(({ Names }) => Names[0]?.startsWith('/kept')),
      ).toEqual([]);
    },
  );
});
