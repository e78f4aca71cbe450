/** Control characters, and those that reorder or break the line around them: a host must not draw on somebody's terminal. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Nearly all of what hosts say: nothing in it can be unsafe. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Text from a host, safe to show: unsafe characters as `\u{1b}`, at most `maxLength` characters. */
export function cleanText(text: string, maxLength: number): string {
  if (text.length <= maxLength && PLAIN.test(text)) return text;
  const cut = text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.toWellFormed().replaceAll(UNSAFE, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`);
}
