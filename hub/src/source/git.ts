import * as fs from 'node:fs';
import { MooringError } from '@mooring/proto';
import git from 'isomorphic-git';
import { type BoundedHttp, boundedHttp, type HttpLimits } from './git-http.ts';

/** A server to talk to. The token never stands in a URL, a message or a file. */
export interface Remote {
  readonly url: string;
  readonly token: string | undefined;
}

/** A name and what it points to. */
export interface Ref {
  readonly name: string;
  readonly oid: string;
}

/** Asks a server for the refs below `prefix` (`refs/heads/` and so on; '' for all): one request. Throws SOURCE_* or GIT_UNSUPPORTED. */
export async function listRemoteRefs(remote: Remote, prefix: string, limits: HttpLimits): Promise<readonly Ref[]> {
  return translated(remote, limits, async (http) => {
    const refs = await git.listServerRefs({
      http,
      url: remote.url,
      headers: authorization(remote),
      prefix,
      protocolVersion: 1,
    });
    return refs.map(({ ref, oid }) => checkRef(remote, { name: ref, oid }));
  });
}

/** Makes an empty clone in `gitdir`. */
export async function makeClone(gitdir: string): Promise<void> {
  await git.init({ fs, gitdir, bare: true });
  // The library wants a refspec to know where fetched heads are kept; the URL is given with each fetch.
  await git.setConfig({ fs, gitdir, path: 'remote.origin.fetch', value: '+refs/heads/*:refs/remotes/origin/*' });
}

/** What is fetched. `depth` only for a first fetch or to deepen: with it everything is sent again. */
export interface FetchOptions {
  readonly gitdir: string;
  readonly branch: string;
  readonly depth?: number | undefined;
}

/** Fetches a branch into a clone and returns its head. Throws SOURCE_*, GIT_REF_MISSING or GIT_UNSUPPORTED. */
export async function fetchBranch(
  remote: Remote,
  { gitdir, branch, depth }: FetchOptions,
  limits: HttpLimits,
): Promise<string> {
  const result = await translated(remote, limits, (http) =>
    git.fetch({
      fs,
      http,
      gitdir,
      url: remote.url,
      remote: 'origin',
      ref: `refs/remotes/origin/${branch}`,
      remoteRef: `refs/heads/${branch}`,
      singleBranch: true,
      tags: false,
      headers: authorization(remote),
      ...(depth === undefined ? {} : { depth }),
    }),
  );
  if (result.fetchHead === null) {
    throw new MooringError(
      'GIT_REF_MISSING',
      `Cannot fetch branch "${branch}" of ${remote.url}: the repository is empty; a commit on that branch is wanted`,
    );
  }
  return result.fetchHead;
}

/** Refs of a repository on this machine: branches and tags. */
export async function listLocalRefs(gitdir: string): Promise<readonly Ref[]> {
  const [branches, tags] = await Promise.all([git.listBranches({ fs, gitdir }), git.listTags({ fs, gitdir })]);
  const names = [...branches.map((name) => `refs/heads/${name}`), ...tags.map((name) => `refs/tags/${name}`)];
  return Promise.all(names.map(async (name) => ({ name, oid: await git.resolveRef({ fs, gitdir, ref: name }) })));
}

/** Head of a branch of a repository on this machine; undefined where there is no such branch. */
export async function localHead(gitdir: string, branch: string): Promise<string | undefined> {
  try {
    return await git.resolveRef({ fs, gitdir, ref: `refs/heads/${branch}` });
  } catch (error) {
    if (error instanceof git.Errors.NotFoundError) return undefined;
    throw error;
  }
}

/** Basic with the user name that GitHub, GitLab, Gitea and git's own http-backend take a token with. */
function authorization({ token }: Remote): Record<string, string> {
  if (token === undefined) return {};
  return { Authorization: `Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}` };
}

function checkRef(remote: Remote, ref: Ref): Ref {
  if (/^[0-9a-f]{40}$/.test(ref.oid)) return ref;
  throw unsupported(remote, 'its objects are not named by SHA-1');
}

function unsupported(remote: Remote, what: string, cause?: unknown): MooringError {
  return new MooringError(
    'GIT_UNSUPPORTED',
    `Cannot follow ${remote.url}: ${what}; a smart HTTP Git server with SHA-1 objects is wanted`,
    { cause },
  );
}

/** Turns what the library throws into our codes. Its messages may quote a server's answer: only their kind is used. */
async function translated<T>(remote: Remote, limits: HttpLimits, task: (http: BoundedHttp) => Promise<T>): Promise<T> {
  const http = boundedHttp(limits);
  try {
    const result = await task(http);
    http.throwFailure();
    return result;
  } catch (cause) {
    http.throwFailure();
    throw translate(remote, cause);
  } finally {
    http.close();
  }
}

function translate(remote: Remote, cause: unknown): unknown {
  if (cause instanceof MooringError) return cause;
  const { Errors } = git;
  if (cause instanceof Errors.HttpError) return httpError(remote, cause.data.statusCode, cause);
  if (
    cause instanceof Errors.SmartHttpError ||
    cause instanceof Errors.ParseError ||
    cause instanceof Errors.RemoteCapabilityError
  ) {
    return unsupported(remote, 'it does not answer as a smart HTTP Git server does', cause);
  }
  if (cause instanceof Errors.NotFoundError) {
    return new MooringError(
      'GIT_REF_MISSING',
      `Cannot fetch from ${remote.url}: the branch is not there; a branch that exists is wanted`,
      { cause },
    );
  }
  if (cause instanceof Errors.EmptyServerResponseError) {
    return new MooringError(
      'SOURCE_UNREACHABLE',
      `Cannot read from ${remote.url}: the answer is empty; an answer of a Git server is wanted`,
      { cause },
    );
  }
  return cause;
}

function httpError(remote: Remote, status: number, cause: unknown): MooringError {
  if (status === 401 || status === 403) {
    const found = remote.token === undefined ? 'it wants a token and none is given' : 'it refuses the token';
    return new MooringError(
      'SOURCE_DENIED',
      `Cannot read from ${remote.url}: ${found} (HTTP ${status}); a token with the right to read is wanted`,
      {
        hint: 'Put the token in a file of mode 0600 and name it with --token-file.',
        cause,
      },
    );
  }
  const hint =
    status === 404 ? 'Check the URL; many servers answer 404 where a token lacks the right to read.' : undefined;
  return new MooringError(
    'SOURCE_UNREACHABLE',
    `Cannot read from ${remote.url}: it answers HTTP ${status}; an answer of a Git server is wanted`,
    { hint, cause },
  );
}
