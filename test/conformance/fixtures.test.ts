import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CanonicalProject, comparableCanonical } from './canonical.ts';
import { differences } from './comparable.ts';
import { renderStack } from './render.ts';
import { comparableBundle } from './rendered.ts';

const ROOT = join(import.meta.dirname, 'fixtures');
/** Where the fixtures lay when docker compose 2.40.3 answered. */
const ORACLE_ROOT = '/fixtures';

/** What differs from docker compose on purpose. */
const DIFFERENT: Readonly<Record<string, readonly string[]>> = {
  // The specification has options of address management; docker compose drops them.
  everything: ['networks.zone.ipam.options.o: "=p", not nothing'],
  // Docker compose mixes pools of different subnets: 10.1.0.0/16 and 10.2.0.0/16 are lost in its answer, and 10.3.0.0/16 stands there twice.
  merging: [
    'networks.front.ipam.pools.10.1.0.0/16.present: true, not nothing',
    'networks.front.ipam.pools.10.2.0.0/16.gateway: "10.2.0.9", not nothing',
    'networks.front.ipam.pools.10.2.0.0/16.present: true, not nothing',
  ],
};

describe('a stack of our own means what docker compose says it means', () => {
  test.each(['env-files', 'everything', 'extending', 'merging', 'profiles'])('%s', async (name) => {
    const files = (await readdir(join(ROOT, name))).filter((file) => /^compose.*\.yaml$/.test(file)).sort(byLayer);
    const { bundle } = await renderStack({ root: ROOT, folder: name, stack: name, files });
    const oracle: CanonicalProject = JSON.parse(await readFile(join(ROOT, name, 'oracle.json'), 'utf8'));
    const canonical = comparableCanonical(oracle, {
      root: ORACLE_ROOT,
      folder: `${ORACLE_ROOT}/${name}`,
      isInRepository: (path) => existsSync(join(ROOT, path)),
    });
    expect(differences(comparableBundle(bundle), canonical)).toEqual(DIFFERENT[name] ?? []);
  });
});

/** `compose.yaml` comes first. */
function byLayer(one: string, other: string): number {
  return one.length - other.length;
}
