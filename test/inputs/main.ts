/** Gives every bad input of the matrix to the real programs: `npm run inputs -- [--only NUMBER]… [--json FILE]`, or `-- --fuzz N [--seed N]` for N random inputs of each kind. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { connectAgent } from './connect-agent.ts';
import { Forge } from './forge.ts';
import { fuzz } from './fuzz.ts';
import { Gauge } from './gauge.ts';
import { Place } from './place.ts';
import { formatAbsent, formatFinding, formatSum } from './report.ts';
import type { Finding, Group, Row } from './row.ts';
import { ABSENT_ROWS } from './rows/absent.ts';
import { callRows } from './rows/calls.ts';
import { commandRows } from './rows/commands.ts';
import { composeRows } from './rows/compose.ts';
import { connectionRows } from './rows/connections.ts';
import { gitRows } from './rows/git.ts';
import { joinRows } from './rows/joins.ts';
import { messageRows } from './rows/messages.ts';
import { startRows } from './rows/starts.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    fuzz: { type: 'string' },
    seed: { type: 'string' },
  },
});

/** Seeds that fit what the generator takes. */
const SEEDS = 2 ** 31;
/** What looks bad and is not is taken. */
const TAKEN = /^(accepted|runs$|grpc-status 0 |exit 0|at most|the )/;

const findings: Finding[] = [];
process.exitCode = (values.fuzz === undefined ? await giveAll() : await giveRandom()) ? 0 : 1;

/** Gives so many random inputs of each kind; true: all that must hold does. */
async function giveRandom(): Promise<boolean> {
  const seed = values.seed === undefined ? Date.now() % SEEDS : wholeNumber('seed');
  print(`seed ${seed}`);
  const failures = await fuzz(wholeNumber('fuzz'), seed, print);
  for (const failure of failures) print(failure);
  return failures.length === 0;
}

/** Gives the whole matrix; true: every row is answered as it must be. */
async function giveAll(): Promise<boolean> {
  const place = await Place.start();
  try {
    await connectAgent(place);
    for (const make of makersOf(place)) {
      const group = await make();
      await runGroup(group).catch((error: unknown) => ended(group, error));
      await group.close?.();
    }
  } finally {
    await place.close();
  }
  for (const absent of ABSENT_ROWS) print(formatAbsent(absent));
  print(formatSum(findings, ABSENT_ROWS));
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ findings, absent: ABSENT_ROWS }, undefined, 2)}\n`);
  return findings.every(({ faults }) => faults.length === 0);
}

/** Groups are made one after the other: what is newest changes with each. */
function makersOf(place: Place): readonly (() => Group | Promise<Group>)[] {
  return [
    () => gitRows(place),
    () => composeRows(place),
    () => connectionRows(place),
    () => callRows(place),
    () => commandRows(place),
    () => joinRows(place),
    () => startRows(place),
    async () => messageRows(place, await Forge.open(place)),
  ];
}

async function runGroup(group: Group): Promise<void> {
  const rows = group.rows.filter(({ number }) => values.only === undefined || values.only.includes(String(number)));
  if (rows.length === 0) return;
  print(`\n${group.name}\n`);
  await group.good();
  for (const row of rows) {
    const finding = await findingOf(row, group);
    findings.push(finding);
    print(formatFinding(finding));
  }
}

/** A group that cannot even take what is good ends there, and is wrong as a whole. */
function ended({ name }: Group, error: unknown): void {
  const got = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const finding: Finding = { number: 0, input: name, got, verdict: 'WRONG', faults: [got], busyMs: 0, grewBytes: 0 };
  findings.push(finding);
  print(formatFinding(finding));
}

async function findingOf(row: Row, { takers, good }: Group): Promise<Finding> {
  const gauges = takers.map((taker) => new Gauge(taker));
  const faults: string[] = [];
  const got = await row.give().catch((error: unknown) => `${error instanceof Error ? error.stack : String(error)}`);
  if (!row.wanted.test(got)) faults.push(`wanted ${row.wanted}`);
  const costs = gauges.map((gauge) => gauge.cost());
  faults.push(...costs.flatMap((cost) => cost.faults));
  await good().catch((error: unknown) => faults.push(error instanceof Error ? error.message : String(error)));
  return {
    number: row.number,
    input: row.input,
    got,
    verdict: verdictOf(faults, got),
    faults,
    busyMs: Math.max(...costs.map(({ busyMs }) => busyMs)),
    grewBytes: Math.max(...costs.map(({ grewBytes }) => grewBytes)),
  };
}

function verdictOf(faults: readonly string[], got: string): Finding['verdict'] {
  if (faults.length > 0) return 'WRONG';
  return TAKEN.test(got) ? 'taken' : 'refused';
}

function wholeNumber(name: 'fuzz' | 'seed'): number {
  const text = values[name] ?? '';
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new Error(`--${name} is ${text}; a whole number from 1 is wanted`);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
