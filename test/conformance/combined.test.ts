import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { comparableCanonical } from './canonical.ts';
import { differences } from './comparable.ts';
import { corpusFolder } from './corpus.ts';
import { ask, liveOracle, placesOf } from './oracle.ts';
import { builtImage, renderStack } from './render.ts';
import { comparableBundle } from './rendered.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const JITSI = 'jitsi__docker-jitsi-meet';
const ROCKET = 'RocketChat__rocketchat-compose';

/** Files of the corpus that belong together, as their authors say. */
const COMBINATIONS: readonly (readonly [folder: string, ...files: string[]])[] = [
  ...['etherpad', 'grafana', 'jibri', 'jigasi', 'log-analyser', 'prometheus', 'transcriber', 'whiteboard'].map(
    (name) => [JITSI, 'docker-compose.yml', `${name}.yml`] as const,
  ),
  [JITSI, 'docker-compose.yml', 'jibri.yml', 'jigasi.yml', 'etherpad.yml', 'whiteboard.yml', 'grafana.yml'],
  [ROCKET, 'compose.yml', 'compose.database.yml', 'compose.monitoring.yml'],
  [ROCKET, 'compose.yml', 'compose.database.yml', 'compose.manual-cert.traefik.yml'],
  ['netbox-community__netbox-docker', 'docker-compose.yml', 'docker-compose.test.yml'],
  ['balena-os__balena-supervisor', 'docker-compose.yml', 'docker-compose.test.yml', 'docker-compose.dev.yml'],
  ['dockersamples__example-voting-app', 'docker-compose.yml', 'docker-compose.images.yml'],
];

/** Files that no order makes a stack: both refuse them. */
const REFUSED: typeof COMBINATIONS = [
  [JITSI, 'docker-compose.yml', 'rtcstats.yml'],
  ['stefanprodan__dockprom', 'docker-compose.yml', 'docker-compose.exporters.yml'],
];

function named([folder, ...files]: (typeof COMBINATIONS)[number]) {
  return { title: `${folder}: ${files.join(' ')}`, folder, files };
}

const oracle = liveOracle();
const corpus = corpusFolder();

if (oracle === undefined || corpus === undefined) {
  test('docker compose 2.40.3 and a corpus are not both here: files are not combined', () => {
    expect([oracle, corpus]).toContain(undefined);
  });
} else {
  describe('files that are merged', () => {
    test.each(COMBINATIONS.map(named))('$title', async ({ folder, files }) => {
      const canonical = await ask(oracle, { folder: join(corpus, folder), stack: 'together', files });
      if (canonical === undefined) throw new Error(`docker compose refuses ${files.join(' and ')}`);
      const built = Object.entries(canonical.services).filter(([, { image }]) => image === undefined);
      const images = built.map(([name]) => name);
      const { bundle } = await renderStack({ root: corpus, folder, stack: 'together', files, images });
      const withImages = built.map(([name, service]) => [name, { ...service, image: builtImage(name) }]);
      const services = { ...canonical.services, ...Object.fromEntries(withImages) };
      const wanted = comparableCanonical({ ...canonical, services }, placesOf(corpus, folder));
      expect(bundle.services.length).toBeGreaterThan(1);
      expect(differences(comparableBundle(bundle), wanted)).toEqual([]);
    });

    test.each(REFUSED.map(named))('$title are no stack', async ({ folder, files }) => {
      expect(await ask(oracle, { folder: join(corpus, folder), stack: 'apart', files })).toBeUndefined();
      await expect(renderStack({ root: corpus, folder, stack: 'apart', files })).rejects.toBeInstanceOf(MooringError);
    });
  });
}

if (oracle !== undefined) {
  describe('what docker compose answered is what it answers', () => {
    test.each(['env-files', 'everything', 'extending', 'merging', 'profiles'])('%s', async (name) => {
      const folder = join(FIXTURES, name);
      const files = (await readdir(folder)).filter((file) => /^compose.*\.yaml$/.test(file));
      files.sort((one, other) => one.length - other.length);
      const live = await ask(oracle, { folder, stack: name, files });
      const { default: recorded } = await import(join(folder, 'oracle.json'), { with: { type: 'json' } });
      expect(JSON.parse(JSON.stringify(live).replaceAll(FIXTURES, '/fixtures'))).toEqual(recorded);
    });
  });
}
