import { contestReport } from './contest-report.ts';
import { BarePublisher } from './crowd/bare-publisher.ts';
import { Crowd, type CrowdOptions, type CrowdSize } from './crowd/crowd.ts';
import { fleetFiles } from './crowd/stacks.ts';
import { type Contender, interleave } from './interleave.ts';
import { spreadOf } from './paired.ts';
import { type Bench, type Report, timeText } from './report.ts';

const SIZES = [
  { agents: 1000, rounds: 10 },
  { agents: 5000, rounds: 5 },
] as const;
/** Agents that connect to the broker side by side. */
const CONNECTING = 32;
const AIM = 1.5;

/** A change of every assignment, until the last agent holds its own and has verified it. */
export function spreadBenches({ agents, rounds }: CrowdOptions): readonly Bench[] {
  return SIZES.map((size) => ({
    name: `spread-${size.agents}`,
    run: (progress) => runSpread({ agents: agents ?? size.agents, rounds: rounds ?? size.rounds }, progress),
  }));
}

async function runSpread({ agents, rounds }: CrowdSize, progress: (sentence: string) => void): Promise<Report> {
  const crowd = await Crowd.make(agents);
  try {
    crowd.repository.commit('first', fleetFiles(0));
    await crowd.startHub();
    await crowd.push({});
    await crowd.agents.ask('subscribe', { side: CONNECTING });
    progress(`${agents} agents are connected to the broker`);
    const publisher = await BarePublisher.connect(crowd, crowd.roster.brokerUrl);
    try {
      const passages: Passage[] = [];
      const outcome = await interleave({
        floor: bareContender(crowd, publisher, 'received'),
        // No rival: what of the difference is the agents' verification.
        rival: bareContender(crowd, publisher, 'newest'),
        mooring: mooringContender(crowd, (passage) => passages.push(passage)),
        rounds,
        progress,
      });
      const [envelope] = (await crowd.agents.ask('envelopes', undefined)).values();
      const taken = passages.slice(-rounds);
      const seen = (ms: (passage: Passage) => number) => timeText(spreadOf(taken.map(ms)).median);
      return contestReport(
        {
          title: `spread: ${envelope?.byteLength ?? 0} bytes to each of ${agents} agents, until the last holds them`,
          floor: 'bare NATS, a stream that republishes: published to received',
          rival: 'the same bytes by the same client, and every agent verifies: published to verified',
          mooring: 'Mooring: the first signed to the last verified',
          toFloor: AIM,
          notes: [`apart: from the question to the hub to the first signature ${seen(({ renderMs }) => renderMs)}`],
        },
        outcome,
      );
    } finally {
      await publisher.close();
    }
  } finally {
    await crowd.close();
  }
}

/** How long the hub took before it signed. */
interface Passage {
  readonly renderMs: number;
}

/** A commit that changes one stack of every host; a generation is the time at which the hub signed it. */
function mooringContender(crowd: Crowd, onPassage: (passage: Passage) => void): Contender {
  let version = 0;
  return {
    work: async () => {
      version += 1;
      await crowd.agents.ask('watch', { holding: 'newer' });
      const beganMs = Date.now();
      const [{ lastMs, lowestGeneration }] = await Promise.all([
        crowd.agents.ask('held', undefined),
        crowd.push(fleetFiles(version)),
      ]);
      onPassage({ renderMs: Number(lowestGeneration) - beganMs });
      return lastMs - Number(lowestGeneration);
    },
    clean: () => Promise.resolve(),
  };
}

/** The bytes that the agents hold, published again to the same subscribers. */
function bareContender(crowd: Crowd, publisher: BarePublisher, holding: 'received' | 'newest'): Contender {
  return {
    work: async () => {
      const envelopes = await crowd.agents.ask('envelopes', undefined);
      await crowd.agents.ask('watch', { holding });
      const beganMs = performance.timeOrigin + performance.now();
      const [{ lastMs }] = await Promise.all([crowd.agents.ask('held', undefined), publisher.publish(envelopes)]);
      return lastMs - beganMs;
    },
    clean: () => Promise.resolve(),
  };
}
