import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CloneOptions, clonePath, provenAncestry, replaceClone, updateClone, withObjects } from './clone.ts';
import { readCommit } from './git-commit.ts';
import { serveGit, type TestGitServer } from './git-server.fake.ts';
import { readHead } from './refs.ts';
import { TestRepository } from './repository.fake.ts';

const TOKEN = 'tok-en';

describe('a clone over smart HTTP', () => {
  let repository: TestRepository;
  let server: TestGitServer;
  let folder: string;
  let options: CloneOptions;

  beforeEach(async () => {
    repository = new TestRepository();
    for (let index = 0; index < 5; index += 1) repository.write('file', `${index}`).commit(`commit ${index}`);
    server = await serveGit(repository.folder, TOKEN);
    folder = mkdtempSync(join(tmpdir(), 'mooring-clone-'));
    options = {
      remote: { url: server.url, token: TOKEN },
      branch: 'main',
      folder,
      limits: { maxBytes: 10_000_000, signal: AbortSignal.timeout(30_000) },
    };
  });

  afterEach(async () => {
    await server.close();
    repository.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const branch = (changes: { url?: string; token?: string | undefined; name?: string } = {}) => ({
    location: { kind: 'remote', url: changes.url ?? server.url } as const,
    name: changes.name ?? 'main',
    token: 'token' in changes ? changes.token : TOKEN,
  });

  it('fetches one commit first and only what is new later', async () => {
    expect(await updateClone(options)).toBe(repository.head());
    const first = readFileSync(join(clonePath(options), 'shallow'), 'utf8').trim();
    expect(first).toBe(repository.head());
    const next = repository.write('file', 'new').commit();
    expect(await updateClone(options)).toBe(next);
    expect(readFileSync(join(clonePath(options), 'shallow'), 'utf8').trim()).toBe(first);
    expect(await provenAncestry(options, next, first)).toBe('descends');
    await withObjects(clonePath(options), async (objects) => {
      expect((await readCommit(objects, next)).parents).toEqual([first]);
    });
  });

  it('polls with one request', async () => {
    expect(await readHead(branch(), options.limits)).toBe(repository.head());
    expect(server.requests).toHaveLength(1);
  });

  it('deepens to prove an ancestry, and finds none after a force push', async () => {
    const old = repository.git('rev-parse', 'HEAD~4');
    const head = await updateClone(options);
    expect(await provenAncestry(options, head, old)).toBe('descends');
    repository.git('checkout', '-q', '--orphan', 'other');
    repository.commit('unrelated');
    repository.git('branch', '-f', 'main', 'other');
    const forced = await updateClone(options);
    expect(await provenAncestry(options, forced, old)).toBe('unrelated');
  });

  it('is swapped for a fresh one with one pack', async () => {
    for (let index = 0; index < 4; index += 1) {
      repository.write('file', `more ${index}`).commit();
      await updateClone(options);
    }
    expect(await withObjects(clonePath(options), (objects) => objects.packCount())).toBeGreaterThan(3);
    await replaceClone(options, repository.head());
    expect(await withObjects(clonePath(options), (objects) => objects.packCount())).toBe(1);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('refuses a wrong and a missing token without repeating it', async () => {
    for (const token of ['wrong-secret', undefined]) {
      const error: unknown = await readHead(branch({ token }), options.limits).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'SOURCE_DENIED' });
      expect(String(error)).not.toContain('wrong-secret');
    }
    await expect(updateClone({ ...options, remote: { url: server.url, token: 'x' } })).rejects.toMatchObject({
      code: 'SOURCE_DENIED',
    });
  });

  it('names the refs that are there when the branch is not', async () => {
    repository.git('tag', 'v1');
    await expect(readHead(branch({ name: 'nope' }), options.limits)).rejects.toMatchObject({
      code: 'GIT_REF_MISSING',
      message: expect.stringContaining('one of refs/heads/main, refs/tags/v1 is wanted'),
    });
    await expect(readHead(branch({ name: 'v1' }), options.limits)).rejects.toMatchObject({
      code: 'GIT_REF_MISSING',
      message: expect.stringContaining('it is a tag'),
    });
  });

  it('follows no redirect to another host and no more than a few at all', async () => {
    const other = await serveGit(repository.folder);
    server.intercept = (request, response) => {
      response.writeHead(302, { location: `${other.url}/info/refs?service=git-upload-pack` }).end();
      return request.url !== undefined;
    };
    await expect(readHead(branch(), options.limits)).rejects.toMatchObject({ code: 'SOURCE_REDIRECT' });
    expect(other.requests).toEqual([]);
    await other.close();
    server.intercept = (request, response) => {
      response.writeHead(302, { location: request.url ?? '/' }).end();
      return true;
    };
    await expect(readHead(branch(), options.limits)).rejects.toMatchObject({ code: 'SOURCE_REDIRECT' });
  });

  it('stops an answer that is too large or too slow', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      const advertised = `003f${'1'.repeat(40)} refs/heads/branch\n`.repeat(1000);
      response.write(`001e# service=git-upload-pack\n00000044${'1'.repeat(40)} refs/heads/a\0ofs-delta\n`);
      const write = (): void => {
        while (response.write(advertised));
      };
      response.on('drain', write);
      write();
      return true;
    };
    await expect(readHead(branch(), { ...options.limits, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'SOURCE_TOO_LARGE',
    });
    server.intercept = () => true;
    await expect(readHead(branch(), { maxBytes: 1000, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 'SOURCE_TIMEOUT',
    });
  });

  it.each([
    { name: 'a page', status: 200, body: '<html>hello</html>', code: 'GIT_UNSUPPORTED' },
    {
      name: 'a dumb server',
      status: 200,
      body: `${'0'.repeat(40)}	refs/heads/main
`,
      code: 'GIT_UNSUPPORTED',
    },
    { name: 'nothing', status: 404, body: 'not found', code: 'SOURCE_UNREACHABLE' },
    { name: 'an error', status: 500, body: 'oops', code: 'SOURCE_UNREACHABLE' },
    { name: 'forbidden', status: 403, body: 'no', code: 'SOURCE_DENIED' },
  ])('says what is wrong with $name', async ({ status, body, code }) => {
    server.intercept = (_request, response) => {
      response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
      return true;
    };
    await expect(readHead(branch(), options.limits)).rejects.toMatchObject({ code });
  });

  it('says that nobody answers', async () => {
    await server.close();
    await expect(readHead(branch(), options.limits)).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('says that a repository is empty, and that SHA-256 is not read', async () => {
    const empty = new TestRepository();
    const emptyServer = await serveGit(empty.folder);
    await expect(readHead(branch({ url: emptyServer.url, token: undefined }), options.limits)).rejects.toMatchObject({
      code: 'GIT_REF_MISSING',
    });
    await emptyServer.close();
    empty.remove();
    const sha256 = new TestRepository('--object-format=sha256');
    sha256.write('a', 'x').commit();
    const sha256Server = await serveGit(sha256.folder);
    await expect(readHead(branch({ url: sha256Server.url, token: undefined }), options.limits)).rejects.toMatchObject({
      code: 'GIT_UNSUPPORTED',
    });
    await sha256Server.close();
    await expect(
      readHead({ location: { kind: 'local', folder: sha256.folder }, name: 'main', token: undefined }, options.limits),
    ).rejects.toMatchObject({ code: 'GIT_UNSUPPORTED' });
    sha256.remove();
  });
});
