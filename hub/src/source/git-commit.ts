import { escapeText } from './entry-name.ts';
import { corrupt } from './git-object-error.ts';
import type { ObjectStore } from './git-objects.ts';

/** What is read of a commit. Texts are escaped and cut: anybody may write anything there. */
export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  /** First line of the message, at most 200 characters. */
  readonly subject: string;
  /** `Name <mail>`, at most 200 characters. */
  readonly author: string;
  /** When it was committed, by the committer's clock. */
  readonly committedAtMs: number;
}

/** Bytes of a commit object: messages of some megabytes exist and are cut, not refused. */
const MAX_COMMIT_BYTES = 16 * 1024 * 1024;
/** Bytes of a commit that are looked at. */
const MAX_PARSED_BYTES = 256 * 1024;

/** Reads and parses a commit. Throws GIT_OBJECT_* errors. */
export async function readCommit(objects: ObjectStore, oid: string): Promise<Commit> {
  const { type, content } = await objects.read(oid, MAX_COMMIT_BYTES);
  if (type !== 'commit') throw corrupt(`object ${oid}`, `it is a ${type} where a commit is named`);
  return parseCommit(oid, content.toString('utf8', 0, MAX_PARSED_BYTES));
}

function parseCommit(oid: string, text: string): Commit {
  const end = text.indexOf('\n\n');
  const header = end < 0 ? text : text.slice(0, end);
  const message = end < 0 ? '' : text.slice(end + 2);
  const tree = /^tree ([0-9a-f]{40})$/m.exec(header)?.[1];
  if (tree === undefined) throw corrupt(`commit ${oid}`, 'it names no tree');
  const seconds = Number(/^committer .*> (\d{1,12})(?: |$)/m.exec(header)?.[1] ?? 0);
  return {
    oid,
    tree,
    parents: [...header.matchAll(/^parent ([0-9a-f]{40})$/gm)].map((match) => match[1] ?? ''),
    subject: escapeText(message.trimStart().split('\n', 1)[0] ?? ''),
    author: escapeText((/^author (.*?>)(?: \d+.*)?$/m.exec(header)?.[1] ?? '').trim()),
    committedAtMs: seconds * 1000,
  };
}
