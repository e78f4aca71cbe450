import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RenderProblem } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BATCH, expectHints, FLEET, Followed, SHOP, SHOP_FILE, summary, WWW } from './followed.fake.ts';
import type { TestRepository } from './repository.fake.ts';

/** Milliseconds for all batches: seconds on a machine of one's own, minutes where many others work. */
const PATIENCE_MS = 300_000;

let followed: Followed;
let repository: TestRepository;

beforeAll(async () => {
  followed = new Followed();
  repository = followed.repository;
  await followed.source.sync();
}, PATIENCE_MS);

afterAll(async () => {
  await followed.close();
});

const blob = (content: string): string => `100644 blob ${repository.object('blob', content)}`;

/** A tree of entries that git itself would not make. */
function tree(entries: readonly (readonly [name: string, object: string, mode?: string])[]): string {
  const bytes = entries.map(([name, object, mode = '100644']) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(object, 'hex')]),
  );
  return `040000 tree ${repository.object('tree', Buffer.concat(bytes))}`;
}

const holding = (...names: string[]): string => {
  const content = repository.object('blob', 'x');
  return tree(names.map((name) => [name, content]));
};

/** Folders in folders without a file: `depth` levels of `width` entries that are all the same. */
function nest(depth: number, width: number): string {
  let inner = tree([]);
  for (let level = 0; level < depth; level += 1) {
    const oid = inner.slice('040000 tree '.length);
    inner = tree(Array.from({ length: width }, (_, index) => [`n${index}`, oid, '40000']));
  }
  return inner;
}

/** Overwrites a stored object with other bytes, and names it. */
function damaged(content: string, bytes: (other: string) => Buffer): string {
  const oid = repository.object('blob', content);
  const file = (name: string) => join(repository.folder, '.git', 'objects', name.slice(0, 2), name.slice(2));
  rmSync(file(oid));
  writeFileSync(file(oid), bytes(file(repository.object('blob', `other ${content}`))));
  return `100644 blob ${oid}`;
}

type Graft = readonly [path: string, entry: string];
type GitRow = readonly [row: string, make: () => Graft, expected: string];

/** What is not of one stack alone: each is a commit of its own. */
const FLEET_ROWS: readonly GitRow[] = [
  ['1: a link on the way', () => ['stacks', `120000 blob ${repository.object('blob', '/etc')}`], 'GIT_SYMLINK stacks'],
  [
    '5: a host in upper case',
    () => ['fleet.yaml', blob(`${FLEET}hosts:\n  web-1: {}\n  Web-1: {}\n`)],
    'FLEET_TYPE fleet.yaml:5:3',
  ],
  ['31: a number as a host', () => ['fleet.yaml', blob(`${FLEET}hosts:\n  1: {}\n`)], 'YAML_KEY_TYPE fleet.yaml:4:3'],
  [
    '50: a stack of 300 characters',
    () => ['fleet.yaml', blob(`version: 1\nstacks:\n  ${'s'.repeat(300)}: { hosts: a }\n`)],
    'FLEET_TYPE fleet.yaml:3:3',
  ],
];

/** What a stack is made of. They share commits, each in a stack of its own. */
const STACK_ROWS: readonly GitRow[] = [
  [
    '1: a link',
    () => [SHOP_FILE, `120000 blob ${repository.object('blob', '/etc/passwd')}`],
    `GIT_SYMLINK ${SHOP_FILE}`,
  ],
  [
    '1: a link that is mounted',
    () => [`${WWW}/link`, `120000 blob ${repository.object('blob', '/')}`],
    `GIT_SYMLINK ${SHOP_FILE}:1:46`,
  ],
  ['2: a submodule', () => [SHOP_FILE, `160000 commit ${repository.head()}`], `GIT_SUBMODULE ${SHOP_FILE}`],
  [
    '2: a submodule that is mounted',
    () => [WWW, `160000 commit ${repository.head()}`],
    `GIT_SUBMODULE ${SHOP_FILE}:1:46`,
  ],
  ['3: the name ..', () => [WWW, holding('..')], `GIT_UNSAFE_PATH ${WWW}/..`],
  ['3: the name .git', () => [WWW, holding('.git')], `GIT_UNSAFE_PATH ${WWW}/.git`],
  ['3: the name a/b', () => [WWW, holding('a/b')], `GIT_UNSAFE_PATH ${WWW}/a/b`],
  ['3: the name git~1', () => [WWW, holding('git~1')], `GIT_UNSAFE_PATH ${WWW}/git~1`],
  ['4: a name with a line feed', () => [WWW, holding('a\nb')], `GIT_BAD_NAME ${WWW}/a\\u{a}b`],
  ['4: a name that colours terminals', () => [WWW, holding('a\u001b[31m')], `GIT_BAD_NAME ${WWW}/a\\u{1b}[31m`],
  ['4: a name that runs backwards', () => [WWW, holding('\u202Egnp.exe')], `GIT_BAD_NAME ${WWW}/\\u{202e}gnp.exe`],
  ['4: .git with an invisible character', () => [WWW, holding('.g\u200cit')], `GIT_BAD_NAME ${WWW}/.g\\u{200c}it`],
  ['5: one name twice', () => [WWW, holding('a', 'a')], `GIT_DUPLICATE_PATH ${WWW}/a`],
  ['5: two names that differ in case', () => [WWW, holding('A', 'a')], `GIT_DUPLICATE_PATH ${WWW}/A`],
  ['6: a file of 2 MB', () => [`${WWW}/large`, blob('x'.repeat(2_000_000))], `GIT_FILE_TOO_LARGE ${WWW}/large`],
  [
    '7: 5,001 files',
    () => [WWW, holding(...Array.from({ length: 5001 }, (_, index) => `f${index}`))],
    `GIT_TREE_TOO_LARGE ${WWW}/f4998`,
  ],
  ['7: 25 MB in one folder', () => [WWW, manyLarge()], `GIT_TREE_TOO_LARGE ${WWW}/f20`],
  ['7: folders a hundred levels deep', () => [WWW, nest(100, 1)], `GIT_TREE_TOO_LARGE ${WWW}${'/n0'.repeat(13)}`],
  ['7: folders that multiply', () => [WWW, nest(10, 9)], `GIT_TREE_TOO_LARGE ${WWW}/n8/n8/n8/n8/n8/n8/n2/n8/n1`],
  [
    '8: a file that inflates a thousandfold',
    () => [`${WWW}/bomb`, blob('\0'.repeat(64_000_000))],
    `GIT_FILE_TOO_LARGE ${WWW}/bomb`,
  ],
  [
    '8: a folder that inflates a thousandfold',
    () => [WWW, `040000 tree ${repository.object('tree', Buffer.alloc(32_000_000))}`],
    `GIT_OBJECT_TOO_LARGE ${WWW}`,
  ],
  ['9: a file that is not there', () => [`${WWW}/x`, `100644 blob ${'1'.repeat(40)}`], `GIT_OBJECT_MISSING ${WWW}/x`],
  ['9: a folder that is not there', () => [WWW, `040000 tree ${'2'.repeat(40)}`], `GIT_OBJECT_MISSING ${WWW}`],
  [
    '9: a damaged file',
    () => [SHOP_FILE, damaged('garbage', () => Buffer.from('garbage'))],
    `GIT_OBJECT_CORRUPT ${SHOP_FILE}`,
  ],
  [
    '9: a file with the content of another',
    () => [SHOP_FILE, damaged('swapped', (other) => readFileSync(other))],
    `GIT_OBJECT_CORRUPT ${SHOP_FILE}`,
  ],
  [
    '9: a file where a folder is named',
    () => [WWW, tree([['sub', repository.object('blob', 'x'), '40000']])],
    `GIT_OBJECT_CORRUPT ${WWW}/sub`,
  ],
  [
    '19: a pointer of Git LFS',
    () => [SHOP_FILE, blob('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')],
    `GIT_LFS_POINTER ${SHOP_FILE}`,
  ],
];

describe('a commit with a bad entry is refused whole, and the next good one works', () => {
  it.each(FLEET_ROWS)(
    'row %s',
    async (_, make, expected) => {
      repository.graft(...make());
      const problems = await followed.refusedOnce();
      expect(problems.map(summary)).toEqual([expected]);
      expectHints(problems);
    },
    30_000,
  );

  const batches = Array.from({ length: Math.ceil(STACK_ROWS.length / BATCH) }, (_, batch) =>
    STACK_ROWS.slice(batch * BATCH, (batch + 1) * BATCH).map(
      (row, index) => [`bad-${batch * BATCH + index}`, row] as const,
    ),
  );
  const told: RenderProblem[] = [];

  beforeAll(async () => {
    for (const batch of batches) {
      const lines = batch.map(([stack]) => `  ${stack}: { hosts: [web-1] }`);
      repository.write('fleet.yaml', `version: 1\nstacks:\n${lines.join('\n')}\n`);
      for (const [stack] of batch)
        repository.write(movedTo(stack, SHOP_FILE), SHOP).write(movedTo(stack, `${WWW}/index.html`), 'hello');
      repository.commit('good until something is put in');
      for (const [stack, [, make]] of batch) {
        const [path, entry] = make();
        repository.graft(movedTo(stack, path), entry);
      }
      told.push(...(await followed.refusedOnce()));
    }
  }, PATIENCE_MS);

  it.each(batches.flat().map(([stack, [row, , expected]]) => [row, stack, expected] as const))(
    'row %s',
    (_, stack, expected) => {
      const problems = told.filter((problem) => problem.stack === stack);
      expect(problems.map(summary)).toEqual([movedTo(stack, expected)]);
      expectHints(problems);
    },
  );
});

/** The same path, or message, in another stack. */
function movedTo(stack: string, text: string): string {
  return text.replace('stacks/shop/', `stacks/${stack}/`);
}

/** 25 files below 1 MiB each, all one object. */
function manyLarge(): string {
  const large = repository.object('blob', 'x'.repeat(1_000_000));
  return tree(Array.from({ length: 25 }, (_, index) => [`f${String(index).padStart(2, '0')}`, large]));
}
