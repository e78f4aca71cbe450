import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { MooringError } from '@mooring/proto';

/** Mode of folders that hold keys. */
export const FOLDER_MODE = 0o700;
/** Mode of keys: written once. */
export const KEY_MODE = 0o400;
/** Mode of documents that are replaced. */
const DOCUMENT_MODE = 0o600;
/** Rights of group and others: none may be set. */
const OTHERS = 0o077;

/** Writes a new file and has it on disk before it returns. */
export function writeNewFile(path: string, content: Uint8Array | string, mode = KEY_MODE): void {
  const file = openSync(path, 'wx', mode);
  try {
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Replaces a document: readers see the old or the new one, also after a crash. */
export function replaceFile(path: string, content: Uint8Array): void {
  const draft = `${path}.new`;
  // Left over from a write that was interrupted.
  rmSync(draft, { force: true });
  writeNewFile(draft, content, DOCUMENT_MODE);
  renameSync(draft, path);
  syncFolder(dirname(path));
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

/** Reads a file that nobody but its owner may touch. Throws KEY_PERMISSIONS, or STATE_CORRUPT where it is missing. */
export function readPrivateFile(path: string): Buffer {
  checkPrivate(path);
  return readFileSync(path);
}

/** Refuses a file or folder on which group or others have any right. */
export function checkPrivate(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  const place = { file: path };
  if (stat === undefined) {
    throw new MooringError(
      'STATE_CORRUPT',
      `Cannot read ${basename(path)}: it is not there; the whole identity is wanted`,
      {
        place,
        hint: 'Join again with a new invitation (mooring invite HOST --replace).',
      },
    );
  }
  const mode = stat.mode & 0o777;
  if ((mode & OTHERS) === 0) return;
  const octal = mode.toString(8).padStart(4, '0');
  throw new MooringError(
    'KEY_PERMISSIONS',
    `Cannot use ${basename(path)}: its mode is ${octal}; no right of group or others is wanted`,
    { place, hint: `Run: chmod go-rwx ${path}` },
  );
}
