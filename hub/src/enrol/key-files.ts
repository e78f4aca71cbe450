import { closeSync, fsyncSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { MooringError } from '@mooring/proto';

/** Mode of a folder that holds keys. */
export const FOLDER_MODE = 0o700;
/** Mode of a private key. */
export const SECRET_MODE = 0o400;
/** Mode of what anybody may read. */
export const PUBLIC_MODE = 0o444;

/** Rights of group and others: none may be set on what is secret. */
const OTHERS = 0o077;
/** Rights to change: group and others never have them. */
const OTHERS_WRITE = 0o022;

/** Writes a new file with exactly that mode, and has it on disk before it returns. Fails where the file exists. */
export function writeNewFile(path: string, content: Uint8Array | string, mode: number): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Has the entries of a folder on disk. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Reads a secret that nobody but its owner may read. Throws KEY_PERMISSIONS, or STATE_CORRUPT where it is missing. */
export function readSecretFile(path: string): Buffer {
  checkMode(path, OTHERS);
  return readFileSync(path);
}

/** Reads a file that nobody but its owner may write. Throws as `readSecretFile` does. */
export function readPublicFile(path: string): Buffer {
  checkMode(path, OTHERS_WRITE);
  return readFileSync(path);
}

/** Refuses a folder that others may enter. */
export function checkFolder(path: string): void {
  checkMode(path, OTHERS);
}

function checkMode(path: string, forbidden: number): void {
  let mode: number;
  try {
    mode = statSync(path).mode & 0o777;
  } catch (cause) {
    throw new MooringError(
      'STATE_CORRUPT',
      `Cannot read ${basename(path)}: it is not there; the whole folder is wanted`,
      {
        place: { file: path },
        hint: 'Restore the folder from a backup.',
        cause,
      },
    );
  }
  if ((mode & forbidden) === 0) return;
  throw new MooringError(
    'KEY_PERMISSIONS',
    `Cannot use ${basename(path)}: its mode is ${mode.toString(8).padStart(4, '0')}; no right of group or others is wanted`,
    { place: { file: path }, hint: `Run: chmod go-rwx ${path}` },
  );
}
