import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { PRIVATE_FILE } from './disk.ts';
import { isLocked, lockFile } from './sqlite.ts';
import type { StandIn } from './stand-in.ts';

/** The right to be the only agent on a folder. */
export interface FolderLock {
  /** Takes the folder's own lock where only that in memory could be had, as soon as the disk takes one. Throws STATE_LOCKED, DISK_FULL. */
  settle(): void;
  release(): void;
}

/**
 * Makes this process the only agent on the folder. The lock ends with the process, also by kill -9. Throws STATE_LOCKED with the id of the other
 * process. A disk that takes no lock is no reason not to run: the lock is in memory then, where the next agent looks, too.
 */
export function lockFolder(data: string, standIn?: StandIn): FolderLock {
  const own = join(data, 'agent.lock');
  const held: (() => void)[] = [];
  let isSettled = true;
  try {
    held.push(lockFile(own) ?? taken(data));
  } catch (error) {
    if (standIn === undefined || !(error instanceof MooringError && error.code === 'DISK_FULL')) throw error;
    held.push(isLocked(own) ? taken(data) : (lockFile(standIn.lockFile()) ?? taken(data)));
    isSettled = false;
  }
  tellProcess(data);
  return {
    settle: () => {
      if (isSettled) return;
      held.push(lockFile(own) ?? taken(data));
      isSettled = true;
      tellProcess(data);
    },
    release: () => {
      // What cannot be removed from a read-only disk names a process that is gone, and does no harm.
      quietly(() => rmSync(processFile(data), { force: true }));
      for (const release of held.splice(0)) release();
    },
  };
}

/** The process that holds a folder; undefined: none ever did, or it ended cleanly. */
export function lockHolder(data: string): string | undefined {
  const holder = readProcess(data);
  return holder === UNKNOWN ? undefined : holder;
}

const UNKNOWN = 'of unknown id';

function taken(data: string): never {
  const message = `Cannot start the agent: process ${readProcess(data)} uses ${data}; one agent per folder is wanted`;
  throw new MooringError('STATE_LOCKED', message, {
    place: { file: data },
    hint: 'Stop the other agent first, or choose another folder with --data.',
  });
}

function processFile(data: string): string {
  return join(data, 'agent.pid');
}

/** For people who meet the lock: the lock itself does not depend on it. */
function tellProcess(data: string): void {
  quietly(() => writeFileSync(processFile(data), `${process.pid}\n`, { mode: PRIVATE_FILE }));
}

function quietly(write: () => void): void {
  try {
    write();
  } catch (error) {
    // Only a system error may pass: the disk that does not take it is told by whatever must be written.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
  }
}

function readProcess(data: string): string {
  try {
    return readFileSync(processFile(data), 'utf8').trim() || UNKNOWN;
  } catch {
    // The other process took the lock this very moment.
    return UNKNOWN;
  }
}
