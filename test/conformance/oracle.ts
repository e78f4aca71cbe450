import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toolPath } from '../support/tools.ts';
import type { CanonicalProject, Places } from './canonical.ts';

const run = promisify(execFile);
/** Milliseconds that docker compose may take on a machine that is busy with others. */
const DEADLINE = 30_000;

/** Docker compose 2.40.3 itself; undefined where it was not set up. */
export function liveOracle(): string | undefined {
  try {
    return toolPath('MOORING_COMPOSE_40');
  } catch {
    // It comes from a suite of Debian that not every mirror carries.
    return undefined;
  }
}

/** What docker compose makes of the files of a folder, with the variables of its `.env` alone. Undefined where it refuses them. */
export async function ask(
  oracle: string,
  {
    folder,
    stack,
    files,
    home = '/nonexistent',
  }: { folder: string; stack: string; files: readonly string[]; home?: string },
): Promise<CanonicalProject | undefined> {
  const chosen = files.flatMap((file) => ['-f', file]);
  try {
    const { stdout } = await run(oracle, ['-p', stack, ...chosen, 'config', '--format', 'json'], {
      cwd: folder,
      env: { HOME: home },
      timeout: DEADLINE,
    });
    return JSON.parse(stdout);
  } catch (error) {
    const { code } = error as { code?: unknown }; // what execFile rejects with
    if (typeof code === 'number') return undefined;
    throw error;
  }
}

/** Places of a stack that docker compose sees where it is. */
export function placesOf(root: string, folder: string): Places {
  return { root, folder: join(root, folder), isInRepository: (path) => existsSync(join(root, path)) };
}
