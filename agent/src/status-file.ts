import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError, StackState } from '@mooring/proto';
import { type Disk, diskError, PRIVATE_FILE, PRIVATE_FOLDER, REAL_DISK } from './keep/disk.ts';
import type { LinkState } from './receive/broker-link.ts';
import type { Snapshot } from './report/report-delta.ts';

/** How a running agent stands, as `mooring-agent status` shows it. */
export interface AgentStatus {
  readonly host: string;
  readonly fleetId: string;
  /** Hex SHA-256 of the host's public key, as `mooring approve` shows it; absent in what an older agent wrote. */
  readonly key?: string;
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
  about: Pick<AgentStatus, 'host' | 'fleetId' | 'key' | 'version' | 'writtenAtMs' | 'hub' | 'broker'>,
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

/** Writes the status whole; it is for people, so it needs no sync to disk. Throws DISK_FULL. */
export function writeStatus(data: string, status: AgentStatus, disk: Disk = REAL_DISK): void {
  const folder = join(data, 'run');
  const file = join(folder, 'status.json');
  try {
    disk.makeFolder(folder, { above: true, mode: PRIVATE_FOLDER });
    writeFile(disk, `${file}.new`, Buffer.from(JSON.stringify(status)));
    disk.rename(`${file}.new`, file);
  } catch (cause) {
    throw diskError(`write ${file}`, cause);
  }
}

function writeFile(disk: Disk, path: string, content: Uint8Array): void {
  disk.remove(path);
  const file = disk.open(path, 'wx', PRIVATE_FILE);
  try {
    for (let written = 0; written < content.byteLength; ) written += disk.write(file, content, written);
  } finally {
    disk.close(file);
  }
}

/** Reads what the running agent wrote last. Throws NOT_FOUND where none ever ran. */
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
