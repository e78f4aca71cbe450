import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RenderProblem } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InventoryHost } from '../render/rendering.ts';
import { type Candidate, followSource, type Source, type SourceOptions } from './follow.ts';
import { serveGit, type TestGitServer } from './git-server.fake.ts';
import { TestRepository } from './repository.fake.ts';

const FLEET = 'version: 1\nstacks: { shop: { hosts: role=web } }\n';
const COMPOSE = 'services: { web: { image: "web:1" } }\n';
/** Milliseconds: polls come only when they are asked for. */
const NEVER_MS = 3_600_000;

describe('following a repository', { timeout: 60_000 }, () => {
  let repository: TestRepository;
  let dataDir: string;
  let candidates: Candidate[];
  let problems: (RenderProblem | undefined)[];
  let inventory: InventoryHost[];
  let objects: Set<string>;
  let source: Source | undefined;
  let server: TestGitServer | undefined;

  beforeEach(() => {
    repository = new TestRepository();
    repository.write('fleet.yaml', FLEET).write('stacks/shop/compose.yaml', COMPOSE).commit('first');
    dataDir = mkdtempSync(join(tmpdir(), 'mooring-source-'));
    candidates = [];
    problems = [];
    objects = new Set();
    inventory = [{ name: 'web-1', labels: { role: 'web' } }];
  });

  afterEach(async () => {
    await source?.close();
    await server?.close();
    server = undefined;
    repository.remove();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Follows as a hub would: what rendered is stored and accepted, the rest refused. */
  function follow(changes: Partial<SourceOptions> = {}): Source {
    source = followSource({
      repo: repository.folder,
      branch: 'main',
      dataDir,
      pollMs: NEVER_MS,
      inventory: () => inventory,
      hasObject: (digest) => objects.has(digest),
      decide(candidate) {
        candidates.push(candidate);
        const { outcome } = candidate;
        if (outcome.kind === 'refused') return Promise.resolve('refused');
        for (const object of outcome.rendering.objects) objects.add(object.plainDigest);
        return Promise.resolve('accepted');
      },
      onProblem: (problem) => problems.push(problem),
      ...changes,
    });
    return source;
  }

  /** Code and place of what the newest candidate was refused for. */
  function refusals(): readonly string[] {
    const outcome = candidates.at(-1)?.outcome;
    return outcome?.kind === 'refused'
      ? outcome.problems.map(({ code, file }) => (file === '' ? code : `${code} ${file}`))
      : [];
  }

  const renderedCount = (): number | undefined => {
    const outcome = candidates.at(-1)?.outcome;
    return outcome?.kind === 'rendered' ? outcome.rendering.classesRendered : undefined;
  };

  it('has each new head decided on, with what the commit says of itself', async () => {
    const { sync, status } = bound(follow());
    const first = repository.head();
    expect(await sync()).toMatchObject({ commit: first });
    expect(candidates).toHaveLength(1);
    expect(candidates[0]).toMatchObject({
      commit: first,
      subject: 'first',
      author: 'Ada <ada@example.com>',
      outcome: { kind: 'rendered' },
    });
    expect(await sync()).toEqual({ commit: first, verdict: 'unchanged' });
    expect(candidates).toHaveLength(1);
    const second = repository.write('stacks/shop/compose.yaml', COMPOSE.replace('web:1', 'web:2')).commit('second');
    expect(await sync()).toEqual({ commit: second, verdict: 'accepted' });
    expect(renderedCount()).toBe(1);
    expect(status()).toMatchObject({ head: second, problem: undefined });
    expect(status().lastSuccessMs).toBeGreaterThan(Date.now() - 60_000);
  });

  function bound(of: Source): { sync: Source['sync']; status: Source['status'] } {
    return { sync: () => of.sync(), status: () => of.status() };
  }

  it('polls by itself', async () => {
    const decided = Promise.withResolvers<Candidate>();
    follow({
      pollMs: 20,
      decide(candidate) {
        if (candidate.subject === 'second') decided.resolve(candidate);
        return Promise.resolve('accepted');
      },
    });
    await source?.sync();
    const second = repository.write('README.md', 'x').commit('second');
    expect((await decided.promise).commit).toBe(second);
  });

  it('stops at once, whatever it is doing', async () => {
    const asked = follow({ pollMs: 20 }).sync();
    const settled = asked.then(
      () => 'done',
      () => 'stopped',
    );
    await source?.close();
    expect(['done', 'stopped']).toContain(await settled);
    expect(source?.status().problem).toBeUndefined();
  });

  it('renders nothing anew when nothing rendered changed, also after a restart', async () => {
    const first = repository.head();
    await follow().sync();
    await source?.close();
    const second = repository.write('README.md', 'x').commit();
    await follow({ accepted: first }).sync();
    expect(candidates.at(-1)).toMatchObject({ commit: second });
    expect(renderedCount()).toBe(0);
  });

  it('renders anew what is not stored any more', async () => {
    await follow().sync();
    objects.clear();
    repository.write('README.md', 'x').commit();
    await source?.sync();
    expect(renderedCount()).toBe(1);
  });

  it('refuses a commit once, keeps the accepted one, and takes the next good one', async () => {
    await follow().sync();
    const accepted = repository.head();
    const bad = repository.write('stacks/shop/compose.yaml', 'services: [\n').commit('bad');
    expect(await source?.sync()).toEqual({ commit: bad, verdict: 'refused' });
    expect(refusals()).toEqual(['YAML_SYNTAX stacks/shop/compose.yaml']);
    expect(await source?.sync()).toEqual({ commit: bad, verdict: 'refused' });
    expect(candidates).toHaveLength(2);
    const again = await source?.render(inventory);
    expect(again?.kind === 'rendered' && again.rendering.classesRendered).toBe(0);
    const good = repository.write('stacks/shop/compose.yaml', COMPOSE).commit('good');
    expect(await source?.sync()).toEqual({ commit: good, verdict: 'accepted' });
    expect(accepted).not.toBe(good);
  });

  it('keeps a refusal over a restart, and renders the accepted commit without asking for the head', async () => {
    const accepted = repository.head();
    const refused = repository.write('stacks/shop/compose.yaml', 'services: [\n').commit();
    follow({ accepted, refused });
    expect(await source?.sync()).toEqual({ commit: refused, verdict: 'refused' });
    expect(candidates).toEqual([]);
    expect(await source?.render(inventory)).toMatchObject({ kind: 'rendered' });
  });

  it('renders the accepted commit for a changed inventory', async () => {
    await follow().sync();
    repository.write('fleet.yaml', 'not decided on yet').commit();
    const outcome = await source?.render([
      ...inventory,
      { name: 'web-2', labels: { role: 'web' } },
      { name: 'db-1', labels: {} },
    ]);
    expect(
      outcome?.kind === 'rendered' && outcome.rendering.hosts.map(({ host, stacks }) => [host, stacks.length]),
    ).toEqual([
      ['db-1', 0],
      ['web-1', 1],
      ['web-2', 1],
    ]);
  });

  it('holds a head that does not descend from the accepted commit', async () => {
    await follow().sync();
    repository.git('checkout', '-q', '--orphan', 'other');
    repository.commit('unrelated');
    repository.git('branch', '-f', 'main', 'other');
    expect(await source?.sync()).toMatchObject({ verdict: 'refused' });
    expect(refusals()).toEqual(['GIT_HISTORY_REWOUND']);
    expect(candidates.at(-1)?.subject).toBe('unrelated');
  });

  const blob = (content: string): string =>
    repository.gitWith({ args: ['hash-object', '-w', '--stdin'], input: content });

  it.each([
    ['a link', 'GIT_SYMLINK', (): string => `120000 blob ${blob('/etc/passwd')}`],
    ['a submodule', 'GIT_SUBMODULE', (): string => `160000 commit ${repository.head()}`],
    ['a large file', 'GIT_FILE_TOO_LARGE', (): string => `100644 blob ${blob('x'.repeat(2_000_000))}`],
    ['a missing object', 'GIT_OBJECT_MISSING', (): string => `100644 blob ${'1'.repeat(40)}`],
    ['nested sequences', 'YAML_TOO_DEEP', (): string => `100644 blob ${blob('['.repeat(100_000))}`],
    ['an alias bomb', 'YAML_TOO_MANY_NODES', (): string => `100644 blob ${blob(aliasBomb())}`],
  ])('refuses a commit whose fleet.yaml is %s, and goes on', async (_name, code, entry) => {
    await follow().sync();
    repository.commitTree(`${entry()}\tfleet.yaml\n`);
    expect(await source?.sync()).toMatchObject({ verdict: 'refused' });
    expect(refusals().map((text) => text.split(' ')[0])).toEqual([code]);
    repository.git('reset', '-q', '--hard', 'HEAD~1');
    expect(await source?.sync()).toMatchObject({ verdict: 'unchanged' });
  });

  it('keeps asking for a commit of which nothing came, and refuses nothing', async () => {
    await follow().sync();
    const commit = repository.commit('on its way');
    const object = join(repository.folder, '.git', 'objects', commit.slice(0, 2), commit.slice(2));
    renameSync(object, `${object}.away`);
    await expect(source?.sync()).rejects.toMatchObject({ code: 'GIT_OBJECT_MISSING' });
    expect([source?.status().problem?.code, refusals()]).toEqual(['GIT_OBJECT_MISSING', []]);
    renameSync(`${object}.away`, object);
    expect(await source?.sync()).toMatchObject({ commit, verdict: 'accepted' });
    expect(source?.status().problem).toBeUndefined();
  });

  function aliasBomb(): string {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1)
      lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
    return `${lines.join('\n')}\n`;
  }

  it('refuses a commit that its process cannot take in', async () => {
    follow({ limits: { timeoutMs: 20_000, maxHeapMib: 512, maxResidentMib: 1 } });
    expect(await source?.sync()).toMatchObject({ verdict: 'refused' });
    expect(refusals()).toEqual(['SOURCE_CHILD_FAILED']);
    expect(candidates.at(-1)?.commit).toBe(repository.head());
  });

  it('refuses again, once, what hosts that join make no better, and accepts what they mend', async () => {
    repository.write('stacks/shop/compose.yaml', `services: { web: { image: "$\{IMAGE:?which image}" } }\n`);
    repository
      .write(
        'fleet.yaml',
        'version: 1\nhosts: { web-2: { vars: { IMAGE: x } } }\nstacks: { shop: { hosts: role=web } }\n',
      )
      .commit();
    expect(await follow().sync()).toMatchObject({ verdict: 'refused' });
    inventory = [...inventory, { name: 'web-3', labels: { role: 'web' } }];
    expect(await source?.sync()).toMatchObject({ verdict: 'refused' });
    expect(candidates).toHaveLength(1);
    inventory = [...inventory, { name: 'web-2', labels: { role: 'web' } }];
    expect(await source?.sync()).toMatchObject({ verdict: 'accepted' });
    const outcome = candidates.at(-1)?.outcome;
    expect(
      outcome?.kind === 'rendered' &&
        outcome.rendering.hosts.map(({ host, stacks, problems: own }) => [host, stacks.length, own.length]),
    ).toEqual([
      ['web-1', 0, 1],
      ['web-2', 1, 0],
      ['web-3', 0, 1],
    ]);
  });

  it('lays no time-out before a commit is read at its door', async () => {
    follow({ limits: { timeoutMs: 1, maxHeapMib: 512, maxResidentMib: 1024 } });
    await expect(source?.sync()).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
    expect(candidates).toEqual([]);
  });

  it('says what keeps it from following, once, and that it works again', async () => {
    follow({ branch: 'dev' });
    await expect(source?.sync()).rejects.toMatchObject({ code: 'GIT_REF_MISSING' });
    await expect(source?.sync()).rejects.toMatchObject({ code: 'GIT_REF_MISSING' });
    expect(source?.status().problem).toMatchObject({ code: 'GIT_REF_MISSING' });
    repository.git('branch', 'dev');
    await source?.sync();
    expect(problems.map((problem) => problem?.code)).toEqual(['GIT_REF_MISSING', undefined]);
  });

  it('decides on a commit again when deciding failed', async () => {
    let fails = true;
    const decided: string[] = [];
    follow({
      decide({ commit }) {
        if (fails) throw new Error('store is down');
        decided.push(commit);
        return Promise.resolve('accepted');
      },
    });
    await expect(source?.sync()).rejects.toThrow('store is down');
    fails = false;
    // Its own next poll may come first: then asking finds it decided.
    const result = await source?.sync();
    expect(decided).toEqual([result?.commit]);
  });

  describe('over http', () => {
    beforeEach(async () => {
      server = await serveGit(repository.folder, 'tok-en');
    });

    const remote = (changes: Partial<SourceOptions> = {}): Source =>
      follow({ repo: server?.url ?? '', token: 'tok-en', ...changes });

    it('clones, follows fast-forwards with one request while nothing moves, and holds a rewound history', async () => {
      expect(await remote().sync()).toMatchObject({ commit: repository.head() });
      const before = server?.requests.length ?? 0;
      await source?.sync();
      expect((server?.requests.length ?? 0) - before).toBe(1);
      for (let index = 0; index < 3; index += 1) {
        const head = repository.write('README.md', `${index}`).commit();
        expect(await source?.sync()).toEqual({ commit: head, verdict: 'accepted' });
      }
      repository.git('reset', '-q', '--hard', 'HEAD~2');
      repository.write('README.md', 'rewritten').commit();
      expect(await source?.sync()).toMatchObject({ verdict: 'refused' });
      expect(refusals()).toEqual(['GIT_HISTORY_REWOUND']);
    });

    it('renders the accepted commit while the server is away, and says so', async () => {
      await remote().sync();
      await source?.close();
      const accepted = repository.head();
      await server?.close();
      remote({ accepted });
      expect(await source?.render(inventory)).toMatchObject({ kind: 'rendered' });
      await expect(source?.sync()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
      expect(candidates).toHaveLength(1);
    });

    it('makes a damaged or lost clone anew and still knows the accepted commit', async () => {
      const accepted = repository.head();
      await remote().sync();
      await source?.close();
      const folder = join(
        dataDir,
        'source',
        readdirSync(join(dataDir, 'source')).find((name) => name.startsWith('clone-')) ?? '',
      );
      for (const name of readdirSync(join(folder, 'objects/pack'))) {
        rmSync(join(folder, 'objects/pack', name));
        writeFileSync(join(folder, 'objects/pack', name), 'cut');
      }
      const second = repository.write('README.md', 'x').commit();
      remote({ accepted });
      expect(await source?.sync()).toMatchObject({ commit: second });
      expect(candidates.at(-1)).toMatchObject({ commit: second, outcome: { kind: 'rendered' } });
      await source?.close();
      rmSync(join(dataDir, 'source'), { recursive: true });
      const third = repository.write('README.md', 'y').commit();
      remote({ accepted });
      expect(await source?.render(inventory)).toMatchObject({ kind: 'rendered' });
      expect(await source?.sync()).toMatchObject({ commit: third });
      expect(candidates.at(-1)).toMatchObject({ commit: third, outcome: { kind: 'rendered' } });
    });

    it('refuses a commit that is too large to fetch, until it is out of the history', async () => {
      await remote({ maxFetchBytes: 1_000_000 }).sync();
      const accepted = repository.head();
      repository.write('large', randomBytes(2_000_000)).commit();
      expect(await source?.sync()).toMatchObject({ verdict: 'refused' });
      expect(refusals()).toEqual(['SOURCE_TOO_LARGE']);
      repository.git('reset', '-q', '--hard', accepted);
      const next = repository.write('README.md', 'x').commit();
      expect(await source?.sync()).toEqual({ commit: next, verdict: 'accepted' });
    });

    it('never shows the token', async () => {
      remote({ token: 's3cret-wrong' });
      await expect(source?.sync()).rejects.toMatchObject({ code: 'SOURCE_DENIED' });
      expect(JSON.stringify([source?.status(), problems])).not.toContain('s3cret');
    });
  });
});
