import type { AbsentRow, Finding } from './row.ts';

/** Characters of an answer that a line shows. */
const SHOWN = 400;
/** Rows of the matrix. */
const MATRIX = 128;
const MIB = 2 ** 20;

/** One finding: row, verdict and input, and below it what came. */
export function formatFinding({ number, input, got, verdict, faults, busyMs, grewBytes }: Finding): string {
  const cost = [busyMs > 0 ? `busy ${busyMs} ms` : '', grewBytes >= MIB ? `+${Math.round(grewBytes / MIB)} MiB` : ''];
  const costs = cost.filter((part) => part !== '').join(', ');
  return [
    `${String(number).padStart(3)}  ${verdict.padEnd(7)}  ${input}${costs === '' ? '' : `  [${costs}]`}`,
    `              ${shown(got)}`,
    ...faults.map((fault) => `              !! ${shown(fault)}`),
  ].join('\n');
}

/** A row that does not apply. */
export function formatAbsent({ number, input, why }: AbsentRow): string {
  return `${String(number).padStart(3)}  absent   ${input}: ${why}`;
}

/** The sum of all, and rows that nobody speaks of. */
export function formatSum(findings: readonly Finding[], absent: readonly AbsentRow[]): string {
  const wrong = findings.filter(({ faults }) => faults.length > 0);
  const given = new Set(findings.map(({ number }) => number));
  const known = new Set([...given, ...absent.map(({ number }) => number)]);
  const missing = Array.from({ length: MATRIX }, (_, index) => index + 1).filter((number) => !known.has(number));
  return [
    '',
    `${findings.length} inputs of ${given.size} rows were given; ${absent.length} rows do not apply; ${wrong.length} are wrong.`,
    ...(missing.length === 0 ? [] : [`Not given: ${missing.join(', ')}.`]),
    ...(wrong.length === 0 ? [] : [`Wrong: ${wrong.map(({ number, input }) => `${number} (${input})`).join('; ')}.`]),
    `Busiest: ${Math.max(0, ...findings.map(({ busyMs }) => busyMs))} ms at a stretch; most memory: +${Math.round(Math.max(0, ...findings.map(({ grewBytes }) => grewBytes)) / MIB)} MiB.`,
  ].join('\n');
}

function shown(text: string): string {
  const safe = text.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16)}`);
  return safe.length > SHOWN ? `${safe.slice(0, SHOWN)}…` : safe;
}
