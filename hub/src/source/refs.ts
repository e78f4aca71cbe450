import { MooringError } from '@mooring/proto';
import { escapeText } from './entry-name.ts';
import { listLocalRefs, listRemoteRefs, localHead, type Ref } from './git.ts';
import { openGitFolder } from './git-folder.ts';
import type { HttpLimits } from './git-http.ts';
import { type Location, redactUrl } from './location.ts';

/** A branch of a repository somewhere. */
export interface Branch {
  readonly location: Location;
  readonly name: string;
  /** For http(s) only. */
  readonly token: string | undefined;
}

/** Names of refs that a message lists. */
const MAX_LISTED_REFS = 20;

/** Reads a branch's head with the cheapest question. Throws GIT_REF_MISSING with the refs that are there, SOURCE_* or GIT_UNSUPPORTED. */
export async function readHead(branch: Branch, limits: HttpLimits): Promise<string> {
  const name = `refs/heads/${branch.name}`;
  const { location, token } = branch;
  if (location.kind === 'local') {
    const { gitdir } = await openGitFolder(location.folder);
    const head = await localHead(gitdir, branch.name);
    if (head !== undefined) return head;
    throw refMissing(branch, await listLocalRefs(gitdir));
  }
  const remote = { url: location.url, token };
  const head = (await listRemoteRefs(remote, name, limits)).find((ref) => ref.name === name);
  if (head !== undefined) return head.oid;
  throw refMissing(branch, await listRemoteRefs(remote, 'refs/', limits));
}

/** How messages name the repository. */
export function locationText(location: Location): string {
  return location.kind === 'local' ? location.folder : redactUrl(location.url);
}

function refMissing({ location, name }: Branch, refs: readonly Ref[]): MooringError {
  const names = refs.map((ref) => ref.name).filter((ref) => ref !== 'HEAD' && !ref.endsWith('^{}'));
  const what = `Cannot follow branch "${escapeText(name)}" of ${locationText(location)}`;
  if (names.length === 0) {
    return new MooringError(
      'GIT_REF_MISSING',
      `${what}: the repository has no commits; a commit on that branch is wanted`,
      { hint: `Commit a fleet.yaml and push it to ${escapeText(name)}.` },
    );
  }
  const listed = names
    .slice(0, MAX_LISTED_REFS)
    .map((ref) => escapeText(ref))
    .join(', ');
  const more = names.length > MAX_LISTED_REFS ? ` and ${names.length - MAX_LISTED_REFS} more` : '';
  if (names.includes(`refs/tags/${name}`)) {
    return new MooringError(
      'GIT_REF_MISSING',
      `${what}: it is a tag; a branch is wanted, and there are ${listed}${more}`,
      { hint: 'Name a branch with --branch.' },
    );
  }
  return new MooringError('GIT_REF_MISSING', `${what}: it is not there; one of ${listed}${more} is wanted`, {
    hint: 'Name a branch with --branch.',
  });
}
