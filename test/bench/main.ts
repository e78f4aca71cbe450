/**
 * Prints what Mooring costs beside the floor and its rival: `npm run bench -- [--only NAME]… [--rounds N] [--idle SECONDS] [--agents N] [--json FILE]`.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { auditBenches } from './audit.ts';
import { BenchFleet } from './bench-fleet.ts';
import { changeBenches } from './change.ts';
import { crowdBenches } from './crowd-benches.ts';
import { healBenches } from './heal.ts';
import { idleBench } from './idle.ts';
import { planBench } from './plan.ts';
import { type Bench, formatReport, type Report } from './report.ts';
import { upBenches } from './up.ts';

/** Means all benches with simulated agents. */
const CROWD = 'crowd';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    idle: { type: 'string' },
    agents: { type: 'string' },
    json: { type: 'string' },
  },
});

const rounds = wholeNumber('rounds');
const ofCrowd = crowdBenches({ rounds, agents: wholeNumber('agents') });
const crowdNames = ofCrowd.map(({ name }) => name);
const only = values.only?.flatMap((name) => (name === CROWD ? crowdNames : [name]));
const reports: ({ readonly name: string } & Report)[] = [];

// An engine is started only for those that need one, and is gone before the others begin.
if (only === undefined || only.some((name) => !crowdNames.includes(name))) {
  const fleet = await BenchFleet.start();
  try {
    const ofEngine = engineBenches(fleet);
    const names = [...ofEngine.map(({ name }) => name), ...crowdNames];
    const unknown = only?.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`there is no bench ${unknown}; there are ${names.join(', ')}, ${CROWD}`);
    const { Version } = await fleet.docker.version();
    process.stdout.write(
      `Docker Engine ${Version} for everything; ratios of interleaved rounds, median [least–greatest]\n\n`,
    );
    await runChosen(ofEngine);
  } finally {
    await fleet.close();
  }
}
await runChosen(ofCrowd);

function engineBenches(fleet: BenchFleet): readonly Bench[] {
  return [
    ...upBenches(fleet, rounds),
    ...healBenches(fleet, rounds),
    ...auditBenches(fleet, rounds),
    ...changeBenches(fleet, rounds),
    planBench(fleet, rounds),
    idleBench(fleet, wholeNumber('idle')),
  ];
}

async function runChosen(benches: readonly Bench[]): Promise<void> {
  for (const { name, run } of benches) {
    if (only !== undefined && !only.includes(name)) continue;
    const report = await run((sentence) => process.stderr.write(`${name}: ${sentence}\n`));
    process.stdout.write(`${formatReport(report)}\n`);
    reports.push({ name, ...report });
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
  }
}

function wholeNumber(name: 'rounds' | 'idle' | 'agents'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new Error(`--${name} is ${text}; a whole number from 1 is wanted`);
}
