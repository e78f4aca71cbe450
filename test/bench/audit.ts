import { eventually } from '../support/eventually.ts';
import type { BenchFleet } from './bench-fleet.ts';
import { IMAGE, STACK } from './bench-stack.ts';
import { composeVersion } from './compose.ts';
import { contestReport } from './contest-report.ts';
import { inLanes } from './floor.ts';
import { type Contender, interleave } from './interleave.ts';
import type { Bench, Report } from './report.ts';
import { SideBySide } from './side-by-side.ts';

const SIZES = [50, 200] as const;
const ROUNDS = 12;
// As the agent does; more at a time makes an engine slower.
const INSPECTS_AT_A_TIME = 8;
const AIMS = { toFloor: 1.4, toRival: 0.6 } as const;
const NOTHING_TO_CLEAN = async () => {};

/** Looking at everything and finding nothing to do: `audit-50`, `audit-200`. */
export function auditBenches(fleet: BenchFleet, rounds: number = ROUNDS): readonly Bench[] {
  return SIZES.map((count) => ({
    name: `audit-${count}`,
    run: (progress) => runAudit(fleet, { count, rounds }, progress),
  }));
}

async function runAudit(
  fleet: BenchFleet,
  { count, rounds }: { readonly count: number; readonly rounds: number },
  progress: (sentence: string) => void,
): Promise<Report> {
  const both = await SideBySide.start(fleet, count);
  try {
    const outcome = await interleave({
      floor: { work: () => listAndInspect(fleet), clean: NOTHING_TO_CLEAN },
      rival: { work: () => timed(() => both.composeUp(0)), clean: NOTHING_TO_CLEAN },
      mooring: await auditContender(fleet),
      rounds,
      progress,
    });
    const words = {
      title: `audit-${count}: ${count} containers, nothing changed`,
      floor: `list, and inspect each, ${INSPECTS_AT_A_TIME} at a time`,
      rival: `docker compose ${await composeVersion()} up -d`,
      mooring: 'Mooring, from the look to the report',
      ...AIMS,
    };
    return contestReport(words, outcome);
  } finally {
    await both.close();
  }
}

function listAndInspect({ docker }: BenchFleet): Promise<number> {
  return timed(async () => {
    const containers = await docker.listContainers({ all: true });
    const own = containers.filter(({ Labels }) => Labels['com.docker.compose.project'] === STACK);
    await inLanes(own, INSPECTS_AT_A_TIME, ({ Id }) => docker.getContainer(Id).inspect());
  });
}

/** An event that concerns nobody has the agent look at everything; it says how long it took. */
async function auditContender(fleet: BenchFleet): Promise<Contender> {
  const foreign = await fleet.docker.createContainer({ Image: IMAGE, name: 'foreign' });
  let renamed = 0;
  return {
    work: async () => {
      const askedAtMs = Date.now();
      renamed += 1;
      await foreign.rename({ name: `foreign-${renamed}` });
      return await eventually('the agent looks', async () => {
        // A look that still found something to do is no audit; the one after it is.
        const settled = fleet.looks().find((look) => look.settled && look.time - look.tookMs >= askedAtMs);
        if (settled === undefined) throw new Error('it has not looked, or found something to do');
        return settled.tookMs;
      });
    },
    clean: NOTHING_TO_CLEAN,
  };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
