import { MooringError } from '@mooring/proto';

/** Characters of one name: longer ones meet limits of other systems. */
const MAX_NAME_LENGTH = 100;
/** Names that a path may have where it is read. Names elsewhere in the repository are nobody's concern. */
const NAME = /^[A-Za-z0-9._@+,=-](?:[A-Za-z0-9._@+,= -]*[A-Za-z0-9._@+,=-])?$/;
/** `.git` in any spelling a file system may take for it, and names that would leave their folder. */
const UNSAFE = /^(?:\.{1,2}|\.git[. ]*|git~\d+)$/i;

/** Checks the name of an entry that is about to be read. Throws GIT_UNSAFE_PATH or GIT_BAD_NAME with the name escaped. */
export function checkEntryName(name: string, folder: string): void {
  const path = escapeText(folder === '' ? name : `${folder}/${name}`);
  if (UNSAFE.test(name) || name.includes('/') || name.includes('\\')) {
    throw new MooringError(
      'GIT_UNSAFE_PATH',
      `Cannot read ${path}: the name is reserved; a plain file name is wanted`,
      { place: { file: path } },
    );
  }
  if (name.length > MAX_NAME_LENGTH || !NAME.test(name)) {
    throw new MooringError(
      'GIT_BAD_NAME',
      `Cannot read ${path}: the name has characters that are not taken, or more than ${MAX_NAME_LENGTH}; letters, digits and . _ @ + , = - are wanted`,
      { place: { file: path } },
    );
  }
}

/** Text of others, made safe to show: control, bidirectional and invisible characters are written as escapes, and it is cut. */
export function escapeText(text: string, maxLength = 200): string {
  const escaped = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  const characters = [...escaped];
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 1).join('')}…` : escaped;
}
