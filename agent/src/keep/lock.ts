import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { PRIVATE_FILE } from './disk.ts';
import { lockFile } from './sqlite.ts';

/**
 * Makes this process the only agent on the folder; returns what gives it back. The lock ends with the process, also by kill -9. Throws STATE_LOCKED
 * with the id of the other process.
 */
export function lockFolder(data: string): () => void {
  const processFile = join(data, 'agent.pid');
  const release = lockFile(join(data, 'agent.lock'));
  if (release === undefined) {
    const message = `Cannot start the agent: process ${readProcess(processFile)} uses ${data}; one agent per folder is wanted`;
    throw new MooringError('STATE_LOCKED', message, {
      place: { file: data },
      hint: 'Stop the other agent first, or choose another folder with --data.',
    });
  }
  try {
    writeFileSync(processFile, `${process.pid}\n`, { mode: PRIVATE_FILE });
  } catch (cause) {
    release();
    throw new MooringError(
      'DISK_FULL',
      `Cannot start the agent: ${data} takes no files; a folder that can be written is wanted`,
      { cause },
    );
  }
  return () => {
    rmSync(processFile, { force: true });
    release();
  };
}

/** The process that holds a folder; undefined: none ever did, or it ended cleanly. */
export function lockHolder(data: string): string | undefined {
  const holder = readProcess(join(data, 'agent.pid'));
  return holder === UNKNOWN ? undefined : holder;
}

const UNKNOWN = 'of unknown id';

function readProcess(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || UNKNOWN;
  } catch {
    // The other process took the lock this very moment.
    return UNKNOWN;
  }
}
