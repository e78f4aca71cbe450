import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type CanonicalModel, canonicalProject, FolderTree, parseEnvFile } from '@mooring/hub';
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { corpusFolder, readVerdicts } from './corpus.ts';
import { ask, liveOracle } from './oracle.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
/** Whose home it was when docker compose answered; the corpus was kept with another name of it. */
const HOME = '/root';
const KEPT_HOME = '/home/user';

/** Files of the corpus whose model is another, each with the reason: docker compose refuses them too as they lie here. */
const INCOMPLETE: Readonly<Record<string, string>> = {
  'compose-spec__compose-go/loader/testdata/compose-include.yaml': 'subdir/compose-test-extends-imported.yaml',
  'compose-spec__compose-go/loader/testdata/compose-test-extends.yaml': 'subdir/compose-test-extends-imported.yaml',
  'compose-spec__compose-go/loader/testdata/extends/withdir/compose.yaml': 'extends/withdir/dir/base.yaml',
  'compose-spec__compose-go/loader/testdata/extends/withdir/dir/compose.yaml': 'extends/withdir/dir/base.yaml',
};
/** The share of files that must be printed as docker compose prints them. */
const LEAST_SHARE = 0.98;

interface Files {
  readonly root: string;
  readonly folder: string;
  readonly names: readonly string[];
  /** Where the folder lay when docker compose answered. */
  readonly place: string;
}

async function print({ root, folder, names, place }: Files): Promise<CanonicalModel> {
  const env = join(root, folder, '.env');
  const values = existsSync(env) ? parseEnvFile(await readFile(env, 'utf8')) : {};
  const { model } = await canonicalProject({
    stack: basename(place),
    folder,
    files: names,
    variables: { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) },
    repository: new FolderTree(root),
    place,
    home: HOME,
  });
  return model;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'printed';
  } catch (error) {
    if (!(error instanceof MooringError)) throw error;
    return error.place === undefined ? `${error.code} without a place` : error.code;
  }
}

/** Docker compose prints names of `blkio_config` that it does not read itself; here they are those of the specification. */
function readable(oracle: string): unknown {
  return JSON.parse(oracle.replaceAll(/"(Path|Weight|Rate)":/g, (name) => name.toLowerCase()));
}

describe('what a stack of our own is printed as is what docker compose prints', () => {
  test.each(['env-files', 'everything', 'extending', 'profiles', 'printed'])('%s', async (name) => {
    const place = `/fixtures/${name}`;
    const oracle = readable(await readFile(join(FIXTURES, name, 'oracle.json'), 'utf8'));
    const printed = await print({ root: FIXTURES, folder: name, names: ['compose.yaml'], place });
    expect(printed).toEqual(oracle);
  });

  test('files that are merged, but for pools of addresses, of which docker compose loses some', async () => {
    const names = (await readdir(join(FIXTURES, 'merging'))).filter((file) => /^compose.*\.yaml$/.test(file)).sort();
    const printed = await print({
      root: FIXTURES,
      folder: 'merging',
      names: names.reverse(),
      place: '/fixtures/merging',
    });
    const oracle = JSON.parse(await readFile(join(FIXTURES, 'merging', 'oracle.json'), 'utf8'));
    const pools = ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'];
    expect(printed['networks']).toMatchObject({ front: { ipam: { config: pools.map((subnet) => ({ subnet })) } } });
    expect({ ...printed, networks: undefined }).toEqual({ ...oracle, networks: undefined });
  });

  const oracle = liveOracle();
  test(
    oracle === undefined ? 'docker compose 2.40.3 is not here to confirm it' : 'docker compose confirms it',
    async () => {
      if (oracle === undefined) return expect(oracle).toBeUndefined();
      const folder = join(FIXTURES, 'printed');
      const answer = await ask(oracle, { folder, stack: 'printed', files: ['compose.yaml'], home: HOME });
      const here = JSON.stringify(answer).replaceAll(FIXTURES, '/fixtures');
      expect(JSON.parse(here)).toEqual(JSON.parse(await readFile(join(folder, 'oracle.json'), 'utf8')));
    },
  );
});

const corpus = corpusFolder();

if (corpus !== undefined) {
  describe('real Compose files are printed as docker compose prints them', async () => {
    const verdicts = await readVerdicts(corpus);
    const files = (file: string): Files => {
      return { root: corpus, folder: dirname(file), names: [basename(file)], place: join('/corpus', dirname(file)) };
    };

    test('almost all, and each of the others is named', async () => {
      const different = [];
      const parsed = verdicts.filter(({ parses, file }) => parses && INCOMPLETE[file] === undefined);
      for (const { file } of parsed) {
        const kept = await readFile(join(corpus, '.canonical', `${file.replaceAll('/', '__')}.json`), 'utf8');
        const printed = await print(files(file)).catch((error: unknown) => error);
        try {
          expect(printed).toEqual(JSON.parse(kept.replaceAll(KEPT_HOME, HOME)));
        } catch (error) {
          different.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      process.stdout.write(
        `${parsed.length - different.length} of ${parsed.length} files are printed as docker compose prints them\n`,
      );
      expect(different).toEqual([]);
      expect((parsed.length - different.length) / parsed.length).toBeGreaterThanOrEqual(LEAST_SHARE);
    });

    test('those that name a file which the corpus lacks are refused for that', async () => {
      for (const [file, missing] of Object.entries(INCOMPLETE)) {
        expect(existsSync(join(corpus, 'compose-spec__compose-go/loader/testdata', missing))).toBe(false);
        expect([file, await codeOf(print(files(file)))]).toEqual([file, 'GIT_FILE_MISSING']);
      }
    });

    test('what docker compose refuses is refused, with a code and a place', async () => {
      const refused = verdicts.filter(({ parses }) => !parses);
      expect(refused.length).toBeGreaterThan(20);
      for (const { file } of refused)
        expect([file, await codeOf(print(files(file)))]).toEqual([file, expect.stringMatching(/^[A-Z0-9_]+$/)]);
    });
  });
}
