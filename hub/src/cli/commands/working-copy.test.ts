import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Bundle, digestOf, HostSummary, type PlannedHost, type PlanRequest } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Inventory, renderWorkingCopy, type WorkingCopy } from './working-copy.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mooring-copy-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
}

const label = (name: string, value: string) => ({ name, value });
/** Git of now makes each of them a database; they joined as something else. */
const HOSTS = [
  HostSummary.create({ name: 'db-1', labels: [label('role', 'db')], joinedLabels: [] }),
  HostSummary.create({ name: 'gone-1', revoked: true, joinedLabels: [label('role', 'web')] }),
  HostSummary.create({ name: 'web-1', labels: [label('role', 'db')], joinedLabels: [label('role', 'web')] }),
  HostSummary.create({ name: 'web-2', labels: [label('role', 'db')], joinedLabels: [label('role', 'web')] }),
];
/** A hub that gives one host a page. */
const fleet: Inventory = {
  listHosts: async ({ pageToken }) => {
    const index = Number(pageToken);
    const next = index + 1 < HOSTS.length ? String(index + 1) : '';
    return { hosts: HOSTS.slice(index, index + 1), nextPageToken: next };
  },
};

const plan = (hosts: readonly string[] = [], selector = '') => renderWorkingCopy(fleet, dir, { hosts, selector });

function partsOf(copy: WorkingCopy): readonly PlanRequest['part'][] {
  if (copy.kind === 'refused') throw new Error(JSON.stringify(copy.problems));
  return copy.requests.map(({ part }) => part);
}

const hostsOf = (copy: WorkingCopy): readonly PlannedHost[] =>
  partsOf(copy).flatMap((part) => (part?.$case === 'host' ? [part.value] : []));

const STACKS = 'stacks:\n  shop: { hosts: role=web, drift: report }\n  cache: { hosts: role=db }\n';
const FILES = {
  'fleet.yaml': `version: 1\n${STACKS}`,
  'stacks/shop/compose.yaml': 'services: { web: { image: "web:1" } }\n',
  'stacks/cache/compose.yaml': 'services: { store: { image: "store:1" } }\n',
};

describe('a working copy', () => {
  test('is rendered with the labels that hosts joined with, its own fleet.yaml on top, whatever Git says now', async () => {
    write({ ...FILES, 'fleet.yaml': `version: 1\nhosts: { web-2: { labels: { role: db } } }\n${STACKS}` });
    const stacks = hostsOf(await plan()).map(({ host, stacks: own }) => [host, own.map(({ stack }) => stack)]);
    expect(stacks).toEqual([
      ['db-1', []],
      ['web-1', ['shop']],
      ['web-2', ['cache']],
    ]);
  });

  test('sends each bundle once, before the hosts that run it', async () => {
    write(FILES);
    const parts = partsOf(await plan());
    expect(parts.map((part) => part?.$case)).toEqual(['bundle', 'host', 'host', 'host']);
    const [bundle] = parts;
    if (bundle?.$case !== 'bundle') throw new Error('a bundle is wanted first');
    expect(Bundle.decode(bundle.value).stack).toBe('shop');
    expect(hostsOf(await plan()).at(-1)).toEqual({
      host: 'web-2',
      stacks: [{ stack: 'shop', bundleDigest: digestOf(bundle.value), driftMode: 2, ignore: [] }],
      kept: [],
    });
  });

  test('is narrowed by names and by the labels that it gives', async () => {
    write(FILES);
    const names = async (...narrowing: Parameters<typeof plan>) =>
      hostsOf(await plan(...narrowing)).map(({ host }) => host);
    expect(await names(['web-2'])).toEqual(['web-2']);
    expect(await names([], 'role=web')).toEqual(['web-1', 'web-2']);
    await expect(plan(['gone-1'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(plan([], '(')).rejects.toMatchObject({ code: 'FLEET_SELECTOR' });
  });

  test('that does not render says why', async () => {
    write({ ...FILES, 'stacks/shop/compose.yaml': 'services: { web: { imagee: "x" } }\n' });
    expect(await plan()).toMatchObject({ kind: 'refused', problems: [{ code: 'COMPOSE_UNKNOWN_KEY' }] });
  });
});
