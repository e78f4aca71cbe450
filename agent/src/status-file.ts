import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError, StackState } from '@mooring/proto';
import type { LinkState } from './receive/broker-link.ts';
import type { Snapshot } from './report/report-delta.ts';

/** How a running agent stands, as `mooring-agent status` shows it. */
export interface AgentStatus {
  readonly host: string;
  readonly fleetId: string;
  readonly version: string;
  /** Unix milliseconds. */
  readonly writtenAtMs: number;
  readonly hub: LinkState;
  readonly broker: LinkState;
  readonly acceptedGeneration: string;
  readonly appliedGeneration: string;
  /** `CODE: sentence`; empty: nothing is wrong with the host. */
  readonly problem: string;
  /** `mooring.v1.StackState` in protobuf JSON. */
  readonly stacks: readonly unknown[];
}

/** The status of a snapshot. */
export function statusOf(
  snapshot: Snapshot | undefined,
  about: Pick<AgentStatus, 'host' | 'fleetId' | 'version' | 'writtenAtMs' | 'hub' | 'broker'>,
): AgentStatus {
  const problem = snapshot?.host.problem ?? snapshot?.host.refusal;
  return {
    ...about,
    acceptedGeneration: String(snapshot?.host.acceptedGeneration ?? 0n),
    appliedGeneration: String(snapshot?.host.appliedGeneration ?? 0n),
    problem: problem === undefined ? '' : `${problem.code}: ${problem.message}`,
    stacks: (snapshot?.stacks ?? []).map((stack) => StackState.toJSON(stack)),
  };
}

/** Writes the status whole; it is for people, so it needs no sync to disk. */
export function writeStatus(data: string, status: AgentStatus): void {
  const folder = join(data, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'status.json');
  writeFileSync(`${file}.new`, JSON.stringify(status), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Reads what the running agent wrote last. Throws NOT_JOINED where none ever ran. */
export function readStatus(data: string): AgentStatus {
  try {
    // Written by this program; a cut file is the parse error below.
    return JSON.parse(readFileSync(join(data, 'run', 'status.json'), 'utf8')) as AgentStatus;
  } catch (cause) {
    throw new MooringError(
      'NOT_FOUND',
      `Cannot show the status: no agent has run in ${data}; a running agent is wanted`,
      {
        hint: 'Run: mooring-agent run',
        cause,
      },
    );
  }
}
