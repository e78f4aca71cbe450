import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Follow } from '../follow.ts';
import { GOOD_FLEET, type Place, SHOP, WWW } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';

type Graft = readonly [path: string, entry: string];

/** Rows 1 to 9, 13, 18 to 20: what stands in the repository that a hub follows. */
export function gitRows(place: Place): Group {
  const { repository } = place;
  const follow = new Follow(place);
  const graft = (title: string, make: () => Graft, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: () => {
      repository.graft(...make());
      return follow.sync();
    },
  });
  const named = (number: number, name: string, wanted: RegExp): Row =>
    graft(`${number}: an entry called ${JSON.stringify(name)}`, () => [WWW, repository.holding(name)], wanted);
  return {
    name: 'Git',
    takers: [place.hubTaker],
    good: () => follow.good(),
    rows: [
      graft(
        '1: a symbolic link as Compose file',
        () => [SHOP, `120000 blob ${repository.object('blob', '/etc/passwd')}`],
        /^GIT_SYMLINK stacks\/shop\/compose\.yaml: .*links are not followed/,
      ),
      graft(
        '1: a link in a mounted folder',
        () => [`${WWW}/link`, `120000 blob ${repository.object('blob', '/')}`],
        /^GIT_SYMLINK stacks\/shop\/compose\.yaml:1:\d+/,
      ),
      graft(
        '1: a link in place of all stacks',
        () => ['stacks', `120000 blob ${repository.object('blob', '/etc')}`],
        /^GIT_SYMLINK stacks: /,
      ),
      graft(
        '2: a submodule as Compose file',
        () => [SHOP, `160000 commit ${repository.head()}`],
        /^GIT_SUBMODULE stacks\/shop\/compose\.yaml: .*submodules are not read/,
      ),
      graft(
        '2: a submodule that is mounted',
        () => [WWW, `160000 commit ${repository.head()}`],
        /^GIT_SUBMODULE stacks\/shop\/compose\.yaml:1:\d+/,
      ),
      ...['..', '.git', 'a/b', 'git~1', '.GIT'].map((name) => named(3, name, /^GIT_UNSAFE_PATH stacks\/shop\/www/)),
      ...['a\nb', 'a\u001b[31m', '\u202Egnp.exe', '.g\u200cit'].map((name) =>
        named(4, name, /^GIT_BAD_NAME stacks\/shop\/www\/[\x20-\x7e]*\\u\{/),
      ),
      graft('5: one name twice in a folder', () => [WWW, repository.holding('a', 'a')], /^GIT_DUPLICATE_PATH/),
      graft('5: two names that differ in case', () => [WWW, repository.holding('A', 'a')], /^GIT_DUPLICATE_PATH/),
      graft(
        '5: a host that differs in case',
        () => ['fleet.yaml', repository.blob(`${GOOD_FLEET}hosts:\n  web-1: {}\n  Web-1: {}\n`)],
        /^FLEET_TYPE fleet\.yaml:5:3/,
      ),
      graft(
        '6: a file of 2 MB',
        () => [`${WWW}/large`, repository.blob('x'.repeat(2_000_000))],
        /^GIT_FILE_TOO_LARGE stacks\/shop\/www\/large: .*1048576/,
      ),
      graft(
        '7: 5,001 files in a folder',
        () => [WWW, repository.holding(...Array.from({ length: 5001 }, (_, index) => `f${index}`))],
        /^GIT_TREE_TOO_LARGE/,
      ),
      graft('7: 25 MB in a folder', () => [WWW, manyLarge(place)], /^GIT_TREE_TOO_LARGE/),
      graft('7: folders a hundred levels deep', () => [WWW, nest(place, 100, 1)], /^GIT_TREE_TOO_LARGE/),
      graft('7: folders that multiply', () => [WWW, nest(place, 10, 9)], /^GIT_TREE_TOO_LARGE/),
      graft(
        '8: a file that inflates a thousandfold',
        () => [`${WWW}/bomb`, repository.blob('\0'.repeat(64_000_000))],
        /^GIT_FILE_TOO_LARGE stacks\/shop\/www\/bomb: .*1048576/,
      ),
      graft(
        '8: a folder that inflates a thousandfold',
        () => [WWW, `040000 tree ${repository.object('tree', Buffer.alloc(32_000_000))}`],
        /^GIT_OBJECT_TOO_LARGE stacks\/shop\/www: /,
      ),
      graft(
        '9: a file that is not there',
        () => [`${WWW}/x`, `100644 blob ${'1'.repeat(40)}`],
        /^GIT_OBJECT_MISSING stacks\/shop\/www\/x: .*1{40}/,
      ),
      graft(
        '9: a folder that is not there',
        () => [WWW, `040000 tree ${'2'.repeat(40)}`],
        /^GIT_OBJECT_MISSING stacks\/shop\/www: .*2{40}/,
      ),
      graft(
        '9: a damaged file',
        () => [SHOP, damaged(place, Buffer.from('garbage'))],
        /^GIT_OBJECT_CORRUPT stacks\/shop\/compose\.yaml: .*[0-9a-f]{40}/,
      ),
      graft(
        '9: a file with the content of another',
        () => [SHOP, damaged(place, swapped(place))],
        /^GIT_OBJECT_CORRUPT stacks\/shop\/compose\.yaml: .*[0-9a-f]{40}/,
      ),
      rewound(place, follow),
      graft(
        '19: a pointer of Git LFS',
        () => [SHOP, repository.blob('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')],
        /^GIT_LFS_POINTER stacks\/shop\/compose\.yaml/,
      ),
      graft(
        '20: UTF-16',
        () => [SHOP, repository.blob(Buffer.from('\uFEFFservices: {}', 'utf16le'))],
        /^FILE_NOT_UTF8 stacks\/shop\/compose\.yaml:1:1: .*offset 0/,
      ),
      graft(
        '20: Latin-1',
        () => [SHOP, repository.blob(Buffer.from('# b\xe4r\nservices: {}\n', 'latin1'))],
        /^FILE_NOT_UTF8 stacks\/shop\/compose\.yaml:1:4: .*offset 3/,
      ),
      graft(
        '20: a byte order mark and CRLF',
        () => [SHOP, repository.blob('\uFEFFservices:\r\n  web: { image: "web:2" }\r\n')],
        /^accepted$/,
      ),
      longMessage(place, follow),
    ],
  };
}

/** The branch is set back to another history. */
function rewound(place: Place, follow: Follow): Row {
  const { repository } = place;
  return {
    number: 13,
    input: 'a branch that was rewritten',
    wanted: /^GIT_HISTORY_REWOUND/,
    give: async () => {
      const honest = repository.head();
      repository.git('update-ref', 'refs/heads/main', repository.git('rev-list', '--max-parents=0', 'HEAD').trim());
      const answer = await follow.commit({ 'stacks/shop/www/other': 'history\n' });
      repository.git('update-ref', 'refs/heads/main', honest);
      return answer;
    },
  };
}

function longMessage(place: Place, follow: Follow): Row {
  return {
    number: 18,
    input: 'a message of 5 MB that colours terminals',
    wanted: /^accepted, shown in 200 characters: a \\u\{1b\}\[31mred x+…$/,
    give: async () => {
      const { repository, clients } = place;
      const tree = repository.git('rev-parse', 'HEAD^{tree}').trim();
      const author = 'A\u0007B <a@localhost> 1700000000 +0000';
      const content = `tree ${tree}\nparent ${repository.head()}\nauthor ${author}\ncommitter ${author}\n\na \u001b[31mred ${'x'.repeat(5_000_000)}`;
      const commit = repository.commitObject(content);
      repository.git('update-ref', 'refs/heads/main', commit);
      const answer = await follow.sync();
      const { revisions } = await clients.fleet.listRevisions({ pageSize: 1, pageToken: '' });
      const subject = revisions[0]?.subject ?? '';
      return `${answer}, shown in ${subject.length} characters: ${subject}`;
    },
  };
}

/** 25 files below 1 MiB each, all one object. */
function manyLarge({ repository }: Place): string {
  const large = repository.object('blob', 'x'.repeat(1_000_000));
  return repository.tree(Array.from({ length: 25 }, (_, index) => [`f${index}`, large]));
}

/** Folders in folders without a file: `depth` levels of `width` entries that are all the same. */
function nest({ repository }: Place, depth: number, width: number): string {
  let inner = repository.tree([]);
  for (let level = 0; level < depth; level += 1) {
    const object = inner.slice('040000 tree '.length);
    inner = repository.tree(Array.from({ length: width }, (_, index) => [`n${index}`, object, '40000']));
  }
  return inner;
}

let damages = 0;

/** An entry whose object holds other bytes than its name says. */
function damaged({ repository }: Place, bytes: Uint8Array): string {
  damages += 1;
  const object = repository.object('blob', `services: {} # ${damages}\n`);
  repository.damage(object, bytes);
  return `100644 blob ${object}`;
}

function swapped({ repository }: Place): Uint8Array {
  const other = repository.object('blob', 'services: { web: { image: other } }\n');
  return readFileSync(join(repository.path, '.git', 'objects', other.slice(0, 2), other.slice(2)));
}
