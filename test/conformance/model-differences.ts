import { join } from 'node:path';
import { finish } from '../support/run.ts';
import { ROOT } from '../support/tools.ts';

const MOORING = join(ROOT, 'hub', 'dist', 'main.js');

/** What both say that Compose files mean. */
export interface ModelOutcome {
  /** Name of the project; undefined where docker compose refuses it. */
  readonly name: string | undefined;
  /** One line each; none: they say the same. */
  readonly differences: readonly string[];
}

/** Compares `mooring render FILE… -o json` with `docker compose config --format json`. */
export async function compareModels(oracle: string, files: readonly string[]): Promise<ModelOutcome> {
  // Variables of this process would fill those that a file names without a value.
  const env = { HOME: '/root' };
  const chosen = files.flatMap((file) => ['--file', file]);
  const theirs = await finish(oracle, [...chosen, 'config', '--format', 'json'], env);
  const ours = await finish(process.execPath, [MOORING, 'render', ...files, '-o', 'json'], env);
  if (theirs.code !== 0) {
    const why = `docker compose refuses it: ${lastLine(theirs.stderr)}`;
    return { name: undefined, differences: ours.code === 0 ? [`${why}; Mooring takes it`] : [] };
  }
  const model: unknown = JSON.parse(theirs.stdout);
  const { name } = model as { name: string }; // docker compose names every project
  if (ours.code !== 0) return { name, differences: [`Mooring refuses it: ${lastLine(ours.stderr)}`] };
  return { name, differences: differencesOf(JSON.parse(ours.stdout), model, []) };
}

function differencesOf(ours: unknown, theirs: unknown, path: readonly string[]): readonly string[] {
  if (isObject(ours) && isObject(theirs) && Array.isArray(ours) === Array.isArray(theirs)) {
    const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
    return names.flatMap((name) => differencesOf(ours[name], theirs[name], [...path, name]));
  }
  const [one, other] = [JSON.stringify(ours), JSON.stringify(theirs)];
  if (one === other) return [];
  // Variables may hold what nobody else should read.
  if (path.includes('environment')) return [`${path.join('.')}: the values differ`];
  return [`${path.join('.')}: Mooring ${one ?? '(nothing)'}, docker compose ${other ?? '(nothing)'}`];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
