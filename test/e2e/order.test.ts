import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';

let fleet: Fleet;
let host: TestHost;
let flag: string;

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '28' }], { 'fleet.yaml': 'version: 1\n' });
  host = fleet.host('web-1');
  flag = join(fleet.folder.path, 'flag');
  mkdirSync(flag);
});

afterAll(async () => {
  await fleet?.close();
});

const files = () => ({
  'fleet.yaml': 'version: 1\nstacks:\n  db: { hosts: [web-1] }\n  shop: { hosts: [web-1], after: [db] }\n',
  'stacks/db/compose.yaml': `
services:
  db:
    image: local/plain:1
    volumes: ['${flag}:/flag:ro']
    networks: [shared]
    healthcheck: { test: test -e /flag/ready, interval: 500ms, start_period: 100s, start_interval: 500ms }
networks: { shared: { name: shared } }
`,
  'stacks/shop/compose.yaml': `
services:
  web:
    image: local/plain:1
    networks: [shared]
    healthcheck: { test: "true", interval: 500ms }
networks: { shared: { external: true } }
`,
});

/** What is told about the shop. */
const reason = async (): Promise<string> => {
  const { stacks } = await fleet.json('host', 'web-1');
  return (stacks ?? []).find((one: { stack: string }) => one.stack === 'shop')?.reason ?? '';
};

describe('a stack that comes after another', () => {
  test('waits until that one is synced and healthy, says so, and goes on by itself', async () => {
    const commit = fleet.repository.commit('two stacks', files());
    await fleet.mooring('sync');
    await eventually('the reason is told', async () =>
      expect(await reason()).toBe('it waits for stack db, which is not synced and healthy yet'),
    );
    await eventually('the database runs', async () => expect(await host.containers()).toEqual(['db-db-1']));
    writeFileSync(join(flag, 'ready'), '');
    const waited = await fleet.mooring('wait', '--revision', commit, '--timeout', '120s');
    expect(waited.code, waited.stdout).toBe(0);
    expect(await host.containers()).toEqual(['db-db-1', 'shop-web-1']);
  });

  test('that would be a circle is refused with its place, and the fleet stays', async () => {
    const circle = files()['fleet.yaml'].replace('db: { hosts: [web-1] }', 'db: { hosts: [web-1], after: [shop] }');
    fleet.repository.commit('a circle', { 'fleet.yaml': circle });
    await fleet.mooring('sync');
    const { refused } = await fleet.json('status');
    expect(refused.problems[0]).toMatchObject({ code: 'FLEET_AFTER_CYCLE', file: 'fleet.yaml', line: 3 });
    expect(await host.containers()).toEqual(['db-db-1', 'shop-web-1']);
  });
});
