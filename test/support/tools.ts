import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The checkout. */
export const ROOT = resolve(import.meta.dirname, '..', '..');
const FILE = join(ROOT, '.mooring', 'tools', 'env');

/** Programs that the tests run, by the name of their variable. */
export type Tool =
  | 'MOORING_NATS_SERVER'
  | 'MOORING_DOCKERD_20'
  | 'MOORING_DOCKERD_26'
  | 'MOORING_DOCKERD_28'
  | 'MOORING_COMPOSE_40'
  | 'MOORING_DOCKER_REGISTRY'
  | 'MOORING_HAPROXY'
  | 'MOORING_WRK'
  | 'MOORING_BUSYBOX';

/** Path of a program: from the environment, else from what `npm test` set up. Throws with the command that installs it. */
export function toolPath(tool: Tool): string {
  const found = process.env[tool] ?? recorded().get(tool);
  if (found !== undefined && existsSync(found)) return found;
  throw new Error(`${tool} is not set up (${found ?? 'unknown'}): run npm test once, which installs it`);
}

function recorded(): ReadonlyMap<string, string> {
  const text = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
  return new Map(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}
