import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { eventsSince } from '../support/witness.ts';

/** Between the engine's event and the host's, in milliseconds. */
const FOUND_WITHIN_MS = 2000;
/** What the engine tells of files that are edited on the host is nothing: an audit finds them. */
const AUDIT_MS = 3000;
const CONTENT = 'listen on all\n';

let fleet: Fleet;
let host: TestHost;

const HEALTHCHECK = '    healthcheck: { test: "true", interval: 500ms }';

const service = (name: string, rest: readonly string[] = []) => [
  `  ${name}:`,
  '    image: local/plain:1',
  '    stop_grace_period: 0s',
  '    mem_limit: 64m',
  HEALTHCHECK,
  ...rest.map((line) => `    ${line}`),
];

const COMPOSE = [
  'services:',
  ...service('app'),
  ...service('calm'),
  ...service('reader', ['volumes: ["./app.conf:/etc/app.conf:ro"]']),
  '',
].join('\n');

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '28' }], {
    'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: [web-1] }\n',
    'stacks/shop/compose.yaml': COMPOSE,
    'stacks/shop/app.conf': CONTENT,
  });
  host = fleet.host('web-1');
  await host.agent?.stop();
  host.startAgent({}, '--audit', `${AUDIT_MS / 1000}s`);
  expect((await fleet.mooring('wait', '--timeout', '180s')).code).toBe(0);
  await host.engine.docker.createNetwork({ Name: 'elsewhere' });
});

afterAll(async () => {
  await fleet?.close();
});

beforeEach(async () => {
  await eventually('everything is as Git says', async () => {
    const { stacks } = await fleet.json('host', 'web-1');
    expect(stacks).toMatchObject([{ sync: 'Synced', health: 'Healthy' }]);
  });
});

const app = (): Docker.Container => host.engine.docker.getContainer('shop-app-1');
const network = (name: string) => host.engine.docker.getNetwork(name);

/** What a human does, and the engine's event that tells it. */
const BY_HAND: readonly (readonly [string, RegExp, () => Promise<unknown>])[] = [
  ['rm -f', /^destroy$/, () => app().remove({ force: true })],
  ['stop', /^die$/, () => app().stop({ t: 0 })],
  ['pause', /^pause$/, () => app().pause()],
  ['kill', /^die$/, () => app().kill()],
  ['rename', /^rename$/, () => app().rename({ name: 'mine' })],
  ['update --memory', /^update$/, () => app().update({ Memory: 100_663_296, MemorySwap: 134_217_728 })],
  ['network disconnect', /^disconnect$/, () => network('shop_default').disconnect({ Container: 'shop-app-1' })],
  ['network connect', /^connect$/, () => network('elsewhere').connect({ Container: 'shop-app-1' })],
];

/** The first event of that kind since then, as the host told it. */
async function told(kind: string, sinceMs: number, object: RegExp) {
  return await eventually(`${kind} is told`, async () => {
    const events = await fleet.events();
    const found = events.find((event) => event.kind === kind && event.atMs >= sinceMs && object.test(event.object));
    if (found === undefined)
      throw new Error(
        events
          .slice(-3)
          .map(({ kind: other, message }) => `${other} ${message}`)
          .join('\n'),
      );
    return found;
  });
}

describe('what a human does', () => {
  test.each(BY_HAND)('docker %s is found within 2 s of its event, and corrected', async (_, action, change) => {
    const others = await startTimesOf('shop-calm-1', 'shop-reader-1');
    const since = Date.now();
    await change();
    const found = await told('drift.found', since, /^(?:shop-app-1|mine)$/);
    const corrected = await told('drift.corrected', since, /^(?:shop-app-1|mine)$/);
    const events = await eventsSince(host.engine.docker, since);
    const happened = events.find((event) => action.test(event.action));
    if (happened === undefined) throw new Error(`the engine told nothing of it: ${JSON.stringify(events)}`);
    expect(found.atMs - happened.atMs).toBeLessThanOrEqual(FOUND_WITHIN_MS);
    expect(corrected.atMs).toBeGreaterThanOrEqual(found.atMs);
    expect((await app().inspect()).State.Running).toBe(true);
    expect(await startTimesOf('shop-calm-1', 'shop-reader-1')).toEqual(others);
  });
});

/** The copy of the mounted file on the host. */
async function mounted(): Promise<string> {
  const { Mounts } = await host.engine.docker.getContainer('shop-reader-1').inspect();
  const source = Mounts.find(({ Destination }) => Destination === '/etc/app.conf')?.Source;
  if (source === undefined) throw new Error('the file is not mounted');
  return source;
}

describe('a file behind a mount', () => {
  test.each<[string, (path: string) => void]>([
    ['in place', (path) => writeFileSync(path, 'listen on none\n')],
    [
      'by rename',
      (path) => {
        writeFileSync(`${path}.edited`, 'listen on none\n');
        renameSync(`${path}.edited`, path);
      },
    ],
  ])('that is edited %s is found within one audit, and the container sees what Git says again', async (_, edit) => {
    const others = await startTimesOf('shop-app-1', 'shop-calm-1');
    const path = await mounted();
    const since = Date.now();
    edit(path);
    const found = await told('drift.found', since, /./);
    expect(found.atMs - since).toBeLessThanOrEqual(AUDIT_MS + FOUND_WITHIN_MS);
    await told('drift.corrected', since, /./);
    expect(readFileSync(path, 'utf8')).toBe(CONTENT);
    expect(await seenInside('shop-reader-1', '/etc/app.conf')).toBe(CONTENT);
    expect(await startTimesOf('shop-app-1', 'shop-calm-1')).toEqual(others);
  });
});

async function startTimesOf(...names: string[]): Promise<Record<string, string | undefined>> {
  const all = await host.startTimes();
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** The file as the container's own processes see it. */
async function seenInside(container: string, file: string): Promise<string> {
  const { State } = await host.engine.docker.getContainer(container).inspect();
  return readFileSync(join('/proc', String(State.Pid), 'root', file), 'utf8');
}
