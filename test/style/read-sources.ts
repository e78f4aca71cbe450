import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import type { SourceFile } from './source-file.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** Folders that hold code of ours, each with everything below it. */
const FOLDERS: readonly string[] = ['hub', 'agent', 'proto', 'deploy', 'test'];
/** What a build or an installation leaves behind. */
const NOT_OURS: ReadonlySet<string> = new Set(['node_modules', 'dist', '.turbo', 'coverage', '.mooring']);
const IS_CODE = /\.(ts|mts|cts|js|mjs|cjs)$/;

/** Every code file of the repository, read by walking its folders. */
export function readSources(): readonly SourceFile[] {
  return FOLDERS.flatMap((folder) => walk(join(ROOT, folder))).map((path) => ({
    path: relative(ROOT, path).split(sep).join('/'),
    text: readFileSync(path, 'utf8'),
  }));
}

/**
 * Every code file that Git knows or would add, found without walking; the check on {@link readSources}.
 * `undefined` in a copy without history, where there is nothing to compare with.
 */
export function listedByGit(): readonly string[] | undefined {
  if (!existsSync(join(ROOT, '.git'))) return undefined;
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate', '--', ...FOLDERS];
  return execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' })
    .split('\0')
    .filter((path) => IS_CODE.test(path) && existsSync(join(ROOT, path)));
}

function walk(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return IS_CODE.test(entry.name) ? [path] : [];
  });
}
