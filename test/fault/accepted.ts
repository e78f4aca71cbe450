import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestHost } from '../support/fleet.ts';

/** Generations that all agents of a host accepted, oldest first, by the log that outlives them. */
export function acceptedBy(host: TestHost): bigint[] {
  const lines = readFileSync(join(dirname(host.data), 'agent.log'), 'utf8').split('\n');
  const accepted = lines.filter((line) => line.includes('"assignment accepted"'));
  return accepted.map((line) => BigInt(JSON.parse(line).generation));
}
