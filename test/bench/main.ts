/** Prints what Mooring costs beside the floor and its rival: `npm run bench -- [--only NAME]… [--rounds N] [--idle SECONDS] [--json FILE]`. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { auditBenches } from './audit.ts';
import { BenchFleet } from './bench-fleet.ts';
import { changeBenches } from './change.ts';
import { healBenches } from './heal.ts';
import { idleBench } from './idle.ts';
import { planBench } from './plan.ts';
import { formatReport, type Report } from './report.ts';
import { upBenches } from './up.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    idle: { type: 'string' },
    json: { type: 'string' },
  },
});

const fleet = await BenchFleet.start();
try {
  const rounds = wholeNumber('rounds');
  const all = [
    ...upBenches(fleet, rounds),
    ...healBenches(fleet, rounds),
    ...auditBenches(fleet, rounds),
    ...changeBenches(fleet, rounds),
    planBench(fleet, rounds),
    idleBench(fleet, wholeNumber('idle')),
  ];
  const names = all.map(({ name }) => name);
  const unknown = values.only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`there is no bench ${unknown}; there are ${names.join(', ')}`);
  const { Version } = await fleet.docker.version();
  process.stdout.write(
    `Docker Engine ${Version} for everything; ratios of interleaved rounds, median [least–greatest]\n\n`,
  );
  const reports: ({ readonly name: string } & Report)[] = [];
  for (const { name, run } of all) {
    if (values.only !== undefined && !values.only.includes(name)) continue;
    const report = await run((sentence) => process.stderr.write(`${name}: ${sentence}\n`));
    process.stdout.write(`${formatReport(report)}\n`);
    reports.push({ name, ...report });
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(reports, undefined, 2)}\n`);
  }
} finally {
  await fleet.close();
}

function wholeNumber(name: 'rounds' | 'idle'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new Error(`--${name} is ${text}; a whole number from 1 is wanted`);
}
