/** `npm run faults [ROW…] [-- --seed N]`: plays rows of the fault matrix on a small real fleet; ends with 1 when one fails. */
import { parseArgs } from 'node:util';
import { ABSENT } from './absent.ts';
import { playRows } from './play.ts';
import { ROWS } from './rows.ts';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const wanted = positionals.map(Number);
const known = new Set([...ROWS, ...ABSENT].map(({ number }) => number));
const unknown = wanted.filter((number) => !known.has(number));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no row ${unknown.join(', ')}; rows are ${Math.min(...known)} to ${Math.max(...known)}.\n`,
  );
  process.exit(2);
}
const isWanted = ({ number }: { readonly number: number }) => wanted.length === 0 || wanted.includes(number);
const print = (line: string) => process.stdout.write(`${line}\n`);

const played = await playRows(ROWS.filter(isWanted), { seed: Number(values.seed), print });
for (const { number, part, fault, reason } of ABSENT.filter(isWanted))
  print(`${String(number).padStart(3)} | ${part}: ${fault} | - | ${reason} | not here`);
const failed = played.filter(({ verdict }) => verdict === 'FAILED');
print(
  `${played.length - failed.length} held, ${failed.length} failed, ${ABSENT.filter(isWanted).length} not here (seed ${values.seed})`,
);
process.exit(failed.length === 0 ? 0 : 1);
