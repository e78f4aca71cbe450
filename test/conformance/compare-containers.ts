import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APPLICATIONS, OWN } from '../support/applications.ts';
import type { EngineVersion } from '../support/engine.ts';
import { ATTRIBUTES, attributesFile } from '../support/fragments.ts';
import { compareOnEngine } from './both.ts';
import { corpusFolder } from './corpus.ts';
import { liveOracle } from './oracle.ts';
import { type OpenStage, openStage } from './stage.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
/** The service that others name. */
const SHARED = 'bare';
/** Services that are made at a time: one `docker compose up` of a busy machine has its deadline. */
const SIDE_BY_SIDE = 20;
/** Milliseconds for one stack, made twice on a busy machine. */
const DEADLINE_MS = 600_000;

/** Applications that are not compared whole yet: some wait for what their reduced form never says. `npm run conformance` takes them one by one. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'flask',
  'n8n-caddy',
  'n8n-worker',
  'nodejs',
  'pgadmin',
  'rocketchat-monitoring',
]);

/** Whole applications: those of the corpus, and stacks of our own where there is none. */
function applications() {
  const corpus = corpusFolder();
  if (corpus === undefined) {
    process.stdout.write(
      'no corpus is here (MOORING_CORPUS names a folder): whole applications are fixtures of our own\n',
    );
    return Object.entries(OWN).map(([stack, files]) => ({ root: join(FIXTURES, stack), stack, files }));
  }
  const compared = Object.entries(APPLICATIONS).filter(([stack]) => !LEFT_OUT.has(stack));
  return compared.map(([stack, file]) => {
    return { root: join(corpus, dirname(file)), stack, files: [basename(file)] };
  });
}

/** Attributes side by side, beside the service whose namespaces some of them share. */
function groups(without: readonly string[]) {
  const names = ATTRIBUTES.filter((name) => name !== SHARED && !without.includes(name));
  return Array.from({ length: Math.ceil(names.length / SIDE_BY_SIDE) }, (_, index) => {
    const group = names.slice(index * SIDE_BY_SIDE, (index + 1) * SIDE_BY_SIDE);
    const others = ATTRIBUTES.filter((name) => name !== SHARED && !group.includes(name));
    return { first: group[0] ?? '', others };
  });
}

/** What Mooring makes and what docker compose 2.40.3 makes of the same files shows the same on an engine, but for what is the engine's own. */
export function describeContainers(
  version: EngineVersion,
  { without = [] }: { without?: readonly string[] } = {},
): void {
  const oracle = liveOracle();
  if (oracle === undefined) {
    test('docker compose 2.40.3 is not here: nothing is compared with it', () => {
      expect(oracle).toBeUndefined();
    });
    return;
  }

  describe(`on engine ${version}, what Mooring makes is what docker compose makes`, () => {
    let stage: OpenStage;

    beforeAll(async () => {
      stage = await openStage({ version, oracle });
    });

    afterAll(async () => {
      await stage?.close();
    });

    test.each(groups(without))(
      'of each attribute alone: $first and on',
      async ({ first, others }) => {
        const root = join(stage.folder, `fragments-${first}`);
        mkdirSync(root);
        writeFileSync(join(root, 'compose.yaml'), attributesFile({ without: others }));
        const place = { root, folder: '.', stack: 'each', files: ['compose.yaml'] };
        const { containers, differences } = await compareOnEngine(stage, place);
        expect(containers).toBe(ATTRIBUTES.length - others.length);
        expect(differences).toEqual([]);
      },
      DEADLINE_MS,
    );

    test.each(applications())(
      'of $stack',
      async ({ root, stack, files }) => {
        const { containers, differences } = await compareOnEngine(stage, { root, folder: '.', stack, files });
        expect(containers).toBeGreaterThan(0);
        expect(differences).toEqual([]);
      },
      DEADLINE_MS,
    );
  });
}
