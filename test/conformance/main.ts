/**
 * Takes Compose files through Mooring and through docker compose and prints what differs:
 * `npm run conformance -- FILE[:FILE…]… [--engine SOCKET] [--oracle BINARY] [--root DIR]`.
 *
 * Each argument is a project; files with a colon between them are merged, left to right. Ends with 0 where nothing differs, 3 where something does,
 * and 1 where it could not be found out.
 */
import { dirname, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MooringError } from '@mooring/proto';
import { compareOnEngine, type Outcome, type Stage } from './both.ts';
import { compareModels } from './model-differences.ts';
import { openStage } from './stage.ts';

const USAGE =
  'Cannot compare: no file is named; npm run conformance -- FILE… [--engine SOCKET] [--oracle BINARY] [--root DIR] is wanted';
const DIFFERENT = 3;
const FAILED = 1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { engine: { type: 'string' }, oracle: { type: 'string' }, root: { type: 'string' } },
});

try {
  if (positionals.length === 0) throw new Error(USAGE);
  process.exitCode = await compareAll();
} catch (error) {
  failed(error);
}

async function compareAll(): Promise<number> {
  const stage = await openStage({ engine: values.engine, oracle: values.oracle });
  const codes: number[] = [];
  try {
    for (const project of positionals) codes.push(await compareOne(stage, project).catch(failed));
  } finally {
    await stage.close();
  }
  return codes.includes(FAILED) ? FAILED : Math.max(...codes);
}

async function compareOne(stage: Stage, project: string): Promise<number> {
  process.stdout.write(`${project}\n`);
  const files = project.split(':').map((file) => resolve(file));
  const model = await compareModels(stage.oracle, files);
  print('model', model.name === undefined ? 'both refuse it' : 'equal', model.differences);
  if (model.name === undefined || model.differences.some((line) => line.startsWith('Mooring refuses')))
    return model.differences.length === 0 ? 0 : DIFFERENT;
  const [first = ''] = files;
  const folder = dirname(first);
  const root = values.root === undefined ? folder : resolve(values.root);
  const { containers, differences } = await compareOnEngine(stage, {
    root,
    folder: relative(root, folder) || '.',
    stack: model.name,
    files: files.map((file) => relative(folder, file)),
  }).catch(refused);
  print('engine', `equal in ${containers} ${containers === 1 ? 'container' : 'containers'}`, differences);
  return model.differences.length + differences.length === 0 ? 0 : DIFFERENT;
}

/** What Mooring refuses to make differs from what docker compose makes. */
function refused(error: unknown): Outcome {
  if (!(error instanceof MooringError)) throw error;
  return { containers: 0, differences: [`Mooring refuses it: ${error.code} ${error.message}`] };
}

function print(what: string, equal: string, differences: readonly string[]): void {
  const count = `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`;
  process.stdout.write(`  ${what}: ${differences.length === 0 ? equal : count}\n`);
  for (const line of differences) process.stdout.write(`    ${line}\n`);
}

function failed(error: unknown): number {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = FAILED;
  return FAILED;
}
