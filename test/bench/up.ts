import { join } from 'node:path';
import type { BenchFleet } from './bench-fleet.ts';
import { composeContender, composeVersion } from './compose.ts';
import { verdict } from './contest-report.ts';
import { floorContender } from './floor.ts';
import { interleave, type Outcome } from './interleave.ts';
import { mooringContender, type Passage } from './mooring.ts';
import { floorOf, type Spread, spreadOf } from './paired.ts';
import { type Bench, type Report, ratioText, timeText } from './report.ts';

/** Containers, how many the raw API starts best at a time on two cores, and rounds. */
const SIZES = [
  { count: 1, atATime: 1, rounds: 8 },
  { count: 10, atATime: 4, rounds: 8 },
  { count: 50, atATime: 8, rounds: 5 },
] as const;
const AIM_TO_FLOOR = 1.1;
const AIM_TO_RIVAL = 1.05;

/** From nothing to running: `up-1`, `up-10`, `up-50`. */
export function upBenches(fleet: BenchFleet, rounds: number | undefined): readonly Bench[] {
  return SIZES.map((size) => ({
    name: `up-${size.count}`,
    run: (progress) => runUp(fleet, { ...size, rounds: rounds ?? size.rounds }, progress),
  }));
}

interface Size {
  readonly count: number;
  readonly atATime: number;
  readonly rounds: number;
}

async function runUp(fleet: BenchFleet, size: Size, progress: (sentence: string) => void): Promise<Report> {
  const { count, atATime, rounds } = size;
  const passages: Passage[] = [];
  const { docker, host } = fleet;
  const folder = join(fleet.fleet.folder.path, `compose-${count}`);
  const outcome = await interleave({
    floor: floorContender(docker, count, atATime),
    rival: composeContender({ docker, socket: host.engine.socket, folder, count }),
    mooring: mooringContender(fleet, count, (passage) => passages.push(passage)),
    rounds,
    progress,
  });
  return reportOf({ size, outcome, passages: passages.slice(-rounds), compose: await composeVersion() });
}

interface Found {
  readonly size: Size;
  readonly outcome: Outcome;
  readonly passages: readonly Passage[];
  readonly compose: string;
}

function reportOf({ size, outcome, passages, compose }: Found): Report {
  const { rounds, ratios } = outcome;
  const { floorToItself, rivalToFloor, mooringToFloor, mooringToRival } = ratios;
  const medianOf = (values: readonly number[]) => timeText(spreadOf(values).median);
  const push = spreadOf(passages.map(({ signedMs, arrivedMs }) => arrivedMs - signedMs));
  const accept = spreadOf(passages.map(({ arrivedMs, acceptedMs }) => acceptedMs - arrivedMs));
  return {
    title: `up-${size.count}: ${size.count} ${size.count === 1 ? 'container' : 'containers'} from nothing to running`,
    head: ['', 'median', 'to the floor', 'aim'],
    rows: [
      [
        `raw Engine API, ${size.atATime} at a time`,
        medianOf(rounds.map(floorOf)),
        `${ratioText(floorToItself)} itself`,
      ],
      [
        `docker compose ${compose} up -d`,
        medianOf(rounds.flatMap(({ rival }) => rival ?? [])),
        ratioTextOf(rivalToFloor),
      ],
      [
        'Mooring, received to running',
        medianOf(rounds.map(({ mooring }) => mooring)),
        ratioText(mooringToFloor),
        `<= ${AIM_TO_FLOOR.toFixed(2)}`,
      ],
      ['Mooring to compose', '', ratioTextOf(mooringToRival), `<= ${AIM_TO_RIVAL.toFixed(2)}`],
    ],
    notes: [
      `apart: signed by the hub to received ${rangeText(push)}; received to accepted (within the above) ${rangeText(accept)}`,
      verdict(outcome),
    ],
    figures: { ...size, ...outcome, push, accept, compose },
  };
}

function rangeText({ median, low, high }: Spread): string {
  return `${timeText(median)} [${Math.round(low)}–${Math.round(high)}]`;
}

/** Here there is always a rival. */
function ratioTextOf(spread: Spread | undefined): string {
  return spread === undefined ? '' : ratioText(spread);
}
