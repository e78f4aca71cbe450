import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type EngineProxy, startEngineProxy } from '../support/engine-proxy.ts';
import type { Subject } from './phases.ts';

const AUDITS = 60;
const EVERY_MS = 1000;
// Beside other tests an audit of many containers may take longer than its second.
const AUDITS_DEADLINE_MS = 600_000;

/** Audits one a second send the engine nothing but questions, as a proxy in front of its socket counts. */
export function describeAudits(subject: () => Subject): void {
  test(
    `is no drift in ${AUDITS} audits, one a second, of which none sends the engine a change`,
    async () => {
      const { bench, desired } = subject();
      const proxy = await startEngineProxy({ socket: `${bench.engine.socket}.proxy`, engine: bench.engine.socket });
      try {
        await bench.restartAgent(proxy.socket);
        await bench.settle(desired);
        proxy.reset();
        for (let audit = 0; audit < AUDITS; audit += 1) {
          const second = delay(EVERY_MS);
          const { stacks, settled } = await bench.pass(desired);
          expect(settled).toBe(true);
          expect(stacks.flatMap(({ drift }) => drift)).toEqual([]);
          await second;
        }
        expect(proxy.changes()).toEqual({});
        expect(proxy.reads).toBeGreaterThan(AUDITS);
        await expectCounted(subject(), proxy);
      } finally {
        await bench.restartAgent();
        await proxy.close();
      }
    },
    AUDITS_DEADLINE_MS,
  );
}

/** The control: whatever is put right goes through the same proxy, and is counted. */
async function expectCounted({ bench, desired }: Subject, proxy: EngineProxy): Promise<void> {
  const { docker } = bench.engine;
  const [victim] = await docker.listContainers();
  await docker.getContainer(victim?.Id ?? '').remove({ force: true });
  await bench.settle(desired);
  expect(proxy.changes()['POST /containers/create']).toBeGreaterThan(0);
}
