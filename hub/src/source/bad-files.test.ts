// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RenderProblem } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FILE_ROWS } from './bad-files.fake.ts';
import { followSource } from './follow.ts';
import { BATCH, expectHints, FLEET, Followed, NEVER_MS, SHOP_FILE, summary } from './followed.fake.ts';
import { TestRepository } from './repository.fake.ts';

let followed: Followed;
let repository: TestRepository;

beforeAll(async () => {
  followed = new Followed();
  repository = followed.repository;
  await followed.source.sync();
}, 60_000);

afterAll(async () => {
  await followed.close();
});

describe('a commit with a bad Compose file is refused whole, and the next good one works', () => {
  const stackOf = (index: number): string => `bad-${index}`;
  const batches = Array.from({ length: Math.ceil(FILE_ROWS.length / BATCH) }, (_, batch) =>
    FILE_ROWS.slice(batch * BATCH, (batch + 1) * BATCH).map(
      (row, index) => [stackOf(batch * BATCH + index), ...row] as const,
    ),
  );
  const told: RenderProblem[] = [];

  beforeAll(async () => {
    for (const batch of batches) {
      const lines = batch.map(([stack]) => `  ${stack}: { hosts: [web-1] }`);
      repository.write('fleet.yaml', `version: 1\nstacks:\n  shop: { hosts: role=web }\n${lines.join('\n')}\n`);
      for (const [stack, , text] of batch) repository.write(`stacks/${stack}/compose.yaml`, text);
      repository.commit('bad');
      told.push(...(await followed.refusedOnce()));
    }
  }, 120_000);

  it.each(batches.flat())('%s, row %s', (...row) => {
    const [stack, , , code, at] = row;
    const problems = told.filter((problem) => problem.stack === stack);
    expectHints(problems);
    expect(problems).toHaveLength(1);
    const place = at === '' ? '' : `:${at}`;
    const found = problems.map(summary).join();
    if (at.endsWith(':')) expect(found).toMatch(new RegExp(`^${code} stacks/${stack}/compose.yaml${place}\\d+$`));
    else expect(found).toBe(`${code} stacks/${stack}/compose.yaml${place}`);
  });
});

describe('a commit that only looks bad is taken', () => {
  const TRAPS = [
    '\uFEFFversion: "2"',
    'x-shared: &shared { image: "web:1" }',
    'services:',
    '  web:',
    '    <<: *shared',
    '    restart: no',
    '    environment: { A: no, B: 1.10, C: 012, D: "22:22" }',
    '    command: "a${UNSET}b"',
    '    volumes: ["../../shared:/shared:ro"]',
    '',
  ].join('\r\n');
  let taken: Awaited<ReturnType<Followed['accepted']>>;

  beforeAll(async () => {
    repository.write('fleet.yaml', FLEET).write(SHOP_FILE, TRAPS).write('shared/file', 'x');
    repository.commit(`a \u001b[31mred ${'x'.repeat(5_000_000)}`);
    taken = await followed.accepted();
  }, 30_000);

  const service = () => taken.classes[0]?.bundle.services[0];

  it('row 18: a message of 5 MB with control characters is cut and escaped', () => {
    expect(taken.subject).toMatch(/^a \\u\{1b\}\[31mred x+…$/);
    expect(taken.subject).toHaveLength(200);
  });

  it('row 20: a byte order mark and CRLF', () => expect(service()?.container?.image).toBe('web:1'));

  it('row 36: a path that leaves the folder of the stack, and not the repository', () =>
    expect(taken.classes[0]?.files).toHaveLength(1));

  it('row 37: a variable that is not set is empty, with a warning at its place', () => {
    expect(service()?.container?.command?.values).toEqual(['ab']);
    expect(taken.warnings.map(summary)).toEqual([`COMPOSE_VAR_UNDEFINED ${SHOP_FILE}:8:14`]);
    expectHints(taken.warnings);
  });

  it('row 48: words and numbers are what docker compose takes them for', () => {
    const values = service()?.container?.environment.map(({ name, value }) => `${name}=${value}`);
    expect(values).toEqual(['A=no', 'B=1.1', 'C=10', 'D=22:22']);
  });
});

describe('a repository that cannot be followed is named with what to do', () => {
  it.each<[row: string, change: (other: TestRepository) => string, code: string]>([
    ['14: without a commit', () => 'main', 'GIT_REF_MISSING'],
    [
      '14: without the branch',
      (other) => {
        other.write('a', 'x').commit();
        return 'other';
      },
      'GIT_REF_MISSING',
    ],
    [
      '14: with a tag of that name',
      (other) => {
        other.write('a', 'x').commit();
        other.git('tag', 'v1');
        return 'v1';
      },
      'GIT_REF_MISSING',
    ],
    [
      '15: with a store of another kind',
      (other) => {
        other.git('config', 'extensions.refStorage', 'reftable');
        return 'main';
      },
      'GIT_UNSUPPORTED',
    ],
  ])('row %s', async (_, change, code) => {
    const other = new TestRepository();
    await expectProblem({ repo: other.folder, branch: change(other) }, code);
    other.remove();
  });

  it('row 15: with names of SHA-256', async () => {
    const other = new TestRepository('--object-format=sha256');
    other.write('a', 'x').commit();
    await expectProblem({ repo: other.folder, branch: 'main' }, 'GIT_UNSUPPORTED');
    other.remove();
  });

  it('row 15: over HTTP without a smart server', async () => {
    const server = createServer((_, response) => response.end('dumb')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expectProblem({ repo: `http://127.0.0.1:${port}/fleet.git`, branch: 'main' }, 'GIT_UNSUPPORTED');
    server.close();
  });

  /** Follows it and expects the status to say why that does not go. */
  async function expectProblem(branch: { repo: string; branch: string }, code: string): Promise<void> {
    const dataDir = mkdtempSync(join(tmpdir(), 'mooring-bad-input-'));
    const source = followSource({
      ...branch,
      dataDir,
      pollMs: NEVER_MS,
      inventory: () => [],
      hasObject: () => false,
      decide: () => Promise.reject(new Error('there is nothing to decide on')),
    });
    await expect(source.sync()).rejects.toMatchObject({ code });
    const { problem } = source.status();
    expect(problem?.code).toBe(code);
    expectHints(problem === undefined ? [] : [problem]);
    await source.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
