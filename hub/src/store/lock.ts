import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { MooringError } from '@mooring/proto';
import { lockFile } from './sqlite.ts';

/**
 * Makes this process the only hub on the database; returns what gives the lock back. The lock ends with the process, also by kill -9: its
 * files may stay behind and mean nothing. The process id stands in a file of its own because closing any handle of a locked file ends a POSIX lock.
 */
export function lockDatabase(file: string): () => void {
  const release = lockFile(`${file}.lock`);
  const processFile = `${file}.pid`;
  if (release === undefined) {
    const message = `Cannot open the database: process ${readProcess(processFile)} uses it; one hub per database is wanted`;
    throw new MooringError('DB_LOCKED', message, { place: { file }, hint: 'Stop the other hub first.' });
  }
  try {
    writeFileSync(processFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (cause) {
    release();
    const message = 'Cannot open the database: its folder is not writable; a writable data folder is wanted';
    throw new MooringError('DB_OPEN', message, { place: { file: processFile }, cause });
  }
  return () => {
    rmSync(processFile, { force: true });
    release();
  };
}

function readProcess(processFile: string): string {
  try {
    return readFileSync(processFile, 'utf8').trim();
  } catch {
    // The other process took the lock this very moment, or belongs to a user whose files are closed to us.
    return 'of unknown id';
  }
}
