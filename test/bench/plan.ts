import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../support/run.ts';
import type { BenchFleet } from './bench-fleet.ts';
import { STACK } from './bench-stack.ts';
import { floorOf, isSteadySpread, type Spread, spreadOf } from './paired.ts';
import { type Bench, type Report, ratioText, timeText } from './report.ts';

const ROUNDS = 20;
// The first rounds are for the compiler, where there is one: an agent looks for months.
const WARM_UP = 5;

/** Planning 1,000 services of which nothing changed, beside parsing what the engine says of them. */
export function planBench(fleet: BenchFleet, rounds: number = ROUNDS): Bench {
  return { name: 'plan', run: () => runPlan(fleet, rounds) };
}

async function runPlan(fleet: BenchFleet, count: number): Promise<Report> {
  const flags = fleet.agentFlags();
  const file = join(fleet.fleet.folder.path, 'answers.json');
  await fleet.settle(1);
  try {
    writeFileSync(file, JSON.stringify(await answers(fleet)));
  } finally {
    await fleet.settle(0);
  }
  const child = join(import.meta.dirname, 'plan-child.ts');
  const text = await run(process.execPath, [...flags, '--expose-gc', child, file, String(count + WARM_UP)]);
  const lines = text.trim().split('\n').slice(WARM_UP);
  const rounds = lines.map((line) => {
    const [floor = 0, canonical = 0, planning = 0, floorAgain = 0]: number[] = JSON.parse(line);
    return { floor, canonical, planning, floorAgain };
  });
  const over = (ms: (round: (typeof rounds)[number]) => number) => ({
    median: timeText(spreadOf(rounds.map(ms)).median),
    ratio: spreadOf(rounds.map((round) => ms(round) / floorOf(round))),
  });
  const itself: Spread = spreadOf(rounds.map(({ floor, floorAgain }) => floorAgain / floor));
  const [parse, plan, canonical] = [over(floorOf), over(({ planning }) => planning), over((one) => one.canonical)];
  return {
    title: `plan: 1,000 services, nothing changed, with the agent's flags ${flags.join(' ')}`,
    head: ['', 'median', 'to the floor', 'aim'],
    rows: [
      ['parsing what the engine says of them', parse.median, `${ratioText(itself)} itself`],
      ['planning', plan.median, ratioText(plan.ratio), '<= 1.00'],
      ['apart: canonical forms, made once for each look', canonical.median, ratioText(canonical.ratio)],
    ],
    notes: [`${rounds.length} rounds${isSteadySpread(itself) ? '' : ': VOID, the floor differs from itself'}`],
    figures: { flags, rounds },
  };
}

/** The engine's answers about one container, its image and its network. */
async function answers({ docker }: BenchFleet) {
  const container = await docker.getContainer(`${STACK}-s01-1`).inspect();
  const image = await docker.getImage(container.Image).inspect();
  const networks = await docker.listNetworks();
  return { container, image, network: networks.find(({ Name }) => Name === `${STACK}_default`) };
}
