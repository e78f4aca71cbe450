import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InventoryHost } from '../render/rendering.ts';
import { type Candidate, followSource, type Source, type SourceOptions } from './follow.ts';
import { serveGit, type TestGitServer } from './git-server.fake.ts';
import { TestRepository } from './repository.fake.ts';

const compose = (image: string): string => `services: { web: { image: "${image}" } }\n`;
const INVENTORY: readonly InventoryHost[] = [{ name: 'web-1', labels: { role: 'web' } }];

describe('revisions that are not followed', { timeout: 60_000 }, () => {
  let repository: TestRepository;
  let dataDir: string;
  let candidates: Candidate[];
  let source: Source | undefined;
  let server: TestGitServer | undefined;

  beforeEach(() => {
    repository = new TestRepository();
    repository.write('fleet.yaml', 'version: 1\nstacks: { shop: { hosts: role=web } }\n');
    repository.write('stacks/shop/compose.yaml', compose('web:1')).commit('first');
    dataDir = mkdtempSync(join(tmpdir(), 'mooring-source-'));
    candidates = [];
  });

  afterEach(async () => {
    await source?.close();
    await server?.close();
    server = undefined;
    repository.remove();
    rmSync(dataDir, { recursive: true, force: true });
  });

  function follow(changes: Partial<SourceOptions> = {}): Source {
    source = followSource({
      repo: server?.url ?? repository.folder,
      branch: 'main',
      dataDir,
      // Polls come only when they are asked for.
      pollMs: 3_600_000,
      inventory: () => INVENTORY,
      hasObject: () => false,
      decide(candidate) {
        candidates.push(candidate);
        return Promise.resolve(candidate.outcome.kind === 'rendered' ? 'accepted' : 'refused');
      },
      ...changes,
    });
    return source;
  }

  /** The image that the only service has in that revision; undefined: it does not render. */
  async function imageOf(of: Source, revision: string): Promise<string | undefined> {
    const { outcome } = await of.renderRevision(revision, INVENTORY);
    if (outcome.kind === 'refused') return undefined;
    expect(outcome.rendering.hosts.map(({ host }) => host)).toEqual(['web-1']);
    return outcome.rendering.classes[0]?.bundle.services[0]?.container?.image;
  }

  /** A commit on a branch of its own; main stays. */
  function branch(name: string, image: string): string {
    repository.git('checkout', '-q', '-B', name);
    const commit = repository.write('stacks/shop/compose.yaml', compose(image)).commit(name);
    repository.git('checkout', '-q', 'main');
    return commit;
  }

  const memo = (): Buffer => readFileSync(join(dataDir, 'source', 'memo'));

  describe.each([
    ['in a folder', async () => undefined],
    [
      'over http',
      async () => {
        server = await serveGit(repository.folder);
      },
    ],
  ])('%s', (_, serve) => {
    beforeEach(serve);

    it('are rendered by branch, full name and first digits, and nothing is decided or remembered', async () => {
      const followed = follow();
      await followed.sync();
      const next = branch('feature/next', 'web:2');
      const before = { memo: memo(), status: followed.status() };
      expect(await imageOf(followed, 'feature/next')).toBe('web:2');
      expect(await imageOf(followed, next)).toBe('web:2');
      expect(await imageOf(followed, next.slice(0, 7))).toBe('web:2');
      expect(candidates).toHaveLength(1);
      expect(memo().equals(before.memo)).toBe(true);
      expect(followed.status()).toEqual(before.status);
      expect(await followed.sync()).toEqual({ commit: repository.head(), verdict: 'unchanged' });
    });

    it('are found below the head of the followed branch, and refused where there is none', async () => {
      const first = repository.head();
      for (const image of ['web:2', 'web:3']) repository.write('stacks/shop/compose.yaml', compose(image)).commit();
      const followed = follow();
      await followed.sync();
      expect(await imageOf(followed, first)).toBe('web:1');
      for (const revision of ['none', 'f'.repeat(40)])
        await expect(followed.renderRevision(revision, INVENTORY)).rejects.toMatchObject({ code: 'GIT_REF_MISSING' });
      expect(followed.status().problem).toBeUndefined();
    });

    it('become what is followed when a person accepts a rewritten history by its name, and only then', async () => {
      await follow().sync();
      const good = repository.head();
      repository.git('checkout', '-q', '--orphan', 'other');
      const rewritten = repository.write('stacks/shop/compose.yaml', compose('web:9')).commit('rewritten');
      repository.git('branch', '-M', 'other', 'main');
      expect(await source?.sync()).toEqual({ commit: rewritten, verdict: 'refused' });
      expect(candidates.at(-1)?.outcome).toMatchObject({
        problems: [{ code: 'GIT_HISTORY_REWOUND', hint: expect.stringContaining(`mooring accept ${rewritten}`) }],
      });
      await source?.close();

      // The hub starts again between refusal and acceptance.
      const again = follow({ accepted: good, refused: rewritten });
      const consents: string[] = [];
      const consented = async () => void consents.push(`${candidates.length}`);
      await expect(again.acceptRewrite(good, consented)).rejects.toMatchObject({ code: 'GIT_HEAD_MOVED' });
      expect(consents).toEqual([]);
      expect(again.status().problem).toBeUndefined();
      const before = candidates.length;
      expect(await again.acceptRewrite(rewritten, consented)).toEqual({ commit: rewritten, verdict: 'accepted' });
      // The consent is on record before anything follows from it.
      expect(consents).toEqual([`${before}`]);
      expect(await again.sync()).toEqual({ commit: rewritten, verdict: 'unchanged' });
      expect(await again.acceptRewrite(rewritten, consented)).toEqual({ commit: rewritten, verdict: 'unchanged' });
    });
  });

  it('are refused like any other when they do not render, whoever accepts their history', async () => {
    await follow().sync();
    repository.git('checkout', '-q', '--orphan', 'other');
    const rewritten = repository.write('stacks/shop/compose.yaml', 'services: [').commit('rewritten');
    expect((await source?.renderRevision('other', INVENTORY))?.outcome).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'YAML_SYNTAX', file: 'stacks/shop/compose.yaml' }],
    });
    repository.git('branch', '-M', 'other', 'main');
    const result = await source?.acceptRewrite(rewritten, async () => undefined);
    expect(result).toEqual({ commit: rewritten, verdict: 'refused' });
    expect(candidates.at(-1)?.outcome).toMatchObject({ problems: [{ code: 'YAML_SYNTAX' }] });
  });

  it.each(['../../config', '-x', 'a b', 'a..b', 'a.lock', 'refs/../x', '', 'x/', '.x', 'a/.b', 'a\nb', 'a:b', '@{1}'])(
    'are not looked for by %j, which is no name',
    async (revision) => {
      await expect(follow().renderRevision(revision, INVENTORY)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    },
  );

  it('leave one clone behind, whatever is asked for, and need no server when they are here', async () => {
    server = await serveGit(repository.folder);
    await follow().sync();
    const followed = readdirSync(join(dataDir, 'source'));
    const commits = ['one', 'two'].map((name, index) => branch(name, `web:${index}`));
    for (const name of ['two', 'one']) if (source !== undefined) await imageOf(source, name);
    expect(readdirSync(join(dataDir, 'source')).sort()).toEqual([...followed, 'apart'].sort());
    expect(readdirSync(join(dataDir, 'source', 'apart'))).toHaveLength(1);
    const [one = ''] = commits;
    await server.close();
    expect(source && (await imageOf(source, one))).toBe('web:0');
    expect(source && (await imageOf(source, repository.head()))).toBe('web:1');
  });

  it('wait for their turn, and are turned away when too many wait', async () => {
    const followed = follow();
    await followed.sync();
    const asked = Array.from({ length: 10 }, () => followed.renderRevision('main', INVENTORY));
    const codes = (await Promise.allSettled(asked)).map((each) =>
      each.status === 'fulfilled' ? 'rendered' : each.reason.code,
    );
    expect(codes.filter((code) => code === 'rendered')).toHaveLength(8);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(2);
  });
});
