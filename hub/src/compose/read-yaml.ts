import { MooringError } from '@mooring/proto';
import { EVENT_ID, type Event, parseEvents, YAMLException } from 'js-yaml';
import { buildDocument } from './build-yaml.ts';
import { positionsIn } from './positions.ts';
import { MAX_YAML_BYTES, MAX_YAML_DEPTH } from './yaml-limits.ts';
import type { YamlNode } from './yaml-node.ts';

/**
 * Reads one YAML document. Returns undefined for a file without any node (empty, or comments only). Throws FILE_TOO_LARGE before parsing,
 * FILE_NOT_UTF8, and YAML_* with the place of the fault. A byte order mark and CRLF are fine.
 */
export function readYaml(
  file: string,
  bytes: Uint8Array,
  { mergeTags = false }: { readonly mergeTags?: boolean } = {},
): YamlNode | undefined {
  if (bytes.byteLength > MAX_YAML_BYTES) {
    throw new MooringError(
      'FILE_TOO_LARGE',
      `Cannot read ${file}: it has ${bytes.byteLength} bytes; at most ${MAX_YAML_BYTES} are read`,
      { place: { file } },
    );
  }
  const source = decodeText(file, bytes);
  const events = parse(file, source);
  const documents = events.filter(({ type }) => type === EVENT_ID.DOCUMENT);
  if (documents.length > 1) throw severalDocuments(file, source);
  return buildDocument({ file, source, events, mergeTags });
}

const LINE_FEED = 0x0a;

/** The text of a file. Throws FILE_NOT_UTF8 with the offset of the first byte that is not UTF-8. */
export function decodeText(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/^\uFEFF/, '');
  } catch (cause) {
    const offset = firstInvalidByte(bytes);
    throw new MooringError(
      'FILE_NOT_UTF8',
      `Cannot read ${file}: the byte at offset ${offset} is not UTF-8; UTF-8 text is wanted`,
      {
        place: { file, ...lineOf(bytes, offset) },
        hint: 'Convert the file, for example with iconv -t UTF-8.',
        cause,
      },
    );
  }
}

/** Columns count bytes: the line has no characters to count. */
function lineOf(bytes: Uint8Array, offset: number): { line: number; column: number } {
  const before = bytes.subarray(0, offset);
  const breaks = before.reduce((count, byte) => count + Number(byte === LINE_FEED), 0);
  return { line: breaks + 1, column: offset - before.lastIndexOf(LINE_FEED) };
}

function firstInvalidByte(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.byteLength;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isPrefixOfText(bytes.subarray(0, middle))) low = middle;
    else high = middle - 1;
  }
  return isText(bytes.subarray(0, low)) ? low : startOfCharacter(bytes, low);
}

/** Where the character begins that the byte before `end` leaves unfinished: it is what is no text, not the byte after it. */
function startOfCharacter(bytes: Uint8Array, end: number): number {
  let start = end - 1;
  while (start > 0 && !isText(bytes.subarray(0, start))) start -= 1;
  return start;
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    // The decoder's only verdict.
    return false;
  }
}

// In streaming mode a character that is cut at the end is not an error yet.
function isPrefixOfText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    // The decoder's only verdict.
    return false;
  }
}

function parse(file: string, source: string): Event[] {
  try {
    return parseEvents(source, { filename: file, maxDepth: MAX_YAML_DEPTH });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const place = { file, line: (cause.mark?.line ?? 0) + 1, column: (cause.mark?.column ?? 0) + 1 };
    if (/maxDepth/.test(cause.reason)) {
      throw new MooringError(
        'YAML_TOO_DEEP',
        `Cannot read ${file}: it is nested deeper than ${MAX_YAML_DEPTH} levels; less is wanted`,
        { place, cause },
      );
    }
    throw new MooringError('YAML_SYNTAX', `Cannot read ${file}: ${cause.reason}; valid YAML is wanted`, {
      place,
      cause,
    });
  }
}

function severalDocuments(file: string, source: string): MooringError {
  const second = /^---/gm;
  const starts = [...source.matchAll(second)].map(({ index }) => index);
  const place = positionsIn(file, source)(starts.at(-1) ?? 0);
  return new MooringError('YAML_MULTI_DOC', `Cannot read ${file}: it holds several documents; one is wanted`, {
    place,
    hint: 'Remove the "---" line, or split the file.',
  });
}
