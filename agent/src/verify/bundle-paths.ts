import { MooringError } from '@mooring/proto';

/** Bytes of a path: PATH_MAX of Linux, less room for the data folder. */
const MAX_PATH_BYTES = 3072;
/** Bytes of one segment: NAME_MAX of Linux. */
const MAX_SEGMENT_BYTES = 255;

/** Refuses a path inside a container or on the host that is not absolute and cleaned. Throws BUNDLE_PATH. */
export function checkTarget(stack: string, path: string): void {
  if (path === '/') return;
  if (!path.startsWith('/')) throw refusal(stack, path, 'an absolute path is wanted');
  checkSegments(stack, path, path.slice(1));
}

/** Refuses a data path that leaves the stack's own folder. Throws BUNDLE_PATH. */
export function checkDataPath(stack: string, path: string): void {
  checkSegments(stack, path, path);
}

/** Refuses the path of a mounted folder's entry that leaves the folder. Throws BUNDLE_PATH. */
export function checkTreePath(stack: string, path: string): void {
  checkSegments(stack, path, path);
}

function checkSegments(stack: string, path: string, relative: string): void {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw refusal(stack, path, `at most ${MAX_PATH_BYTES} bytes are wanted`);
  for (const segment of relative.split('/')) {
    if (segment === '' || segment === '.' || segment === '..')
      throw refusal(stack, path, 'a cleaned path inside its folder is wanted');
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) throw refusal(stack, path, 'shorter names are wanted');
    if (segment.includes('\0')) throw refusal(stack, path, 'names without NUL are wanted');
  }
}

function refusal(stack: string, path: string, wanted: string): MooringError {
  const shown = JSON.stringify(path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}…` : path);
  return new MooringError('BUNDLE_PATH', `Cannot run stack ${stack}: its bundle mounts path ${shown}; ${wanted}`);
}

/** Characters of a wrong path in a message. */
const MAX_SHOWN = 120;
