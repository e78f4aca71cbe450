import { MooringError } from '@mooring/proto';

/** Bytes of one file that is read: configuration, not data. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** First line of a Git LFS pointer (git-lfs, docs/spec.md). */
const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** Refuses a file by its size before its content is held. Throws GIT_FILE_TOO_LARGE. */
export function checkFileSize(path: string, size: number): void {
  if (size <= MAX_FILE_BYTES) return;
  throw new MooringError(
    'GIT_FILE_TOO_LARGE',
    `Cannot read ${path}: it has ${size} bytes; at most ${MAX_FILE_BYTES} are read`,
    {
      place: { file: path },
      hint: 'Put large data into a volume or an image.',
    },
  );
}

/** Refuses content that only stands for a file kept elsewhere. Throws GIT_LFS_POINTER. */
export function checkFileContent(path: string, content: Uint8Array): Uint8Array {
  if (Buffer.from(content.subarray(0, LFS_POINTER.length)).toString('latin1') !== LFS_POINTER) return content;
  throw new MooringError('GIT_LFS_POINTER', `Cannot read ${path}: it is a Git LFS pointer; the file itself is wanted`, {
    place: { file: path },
    hint: `Run git lfs migrate export --include="${path}" and commit the file itself.`,
  });
}
