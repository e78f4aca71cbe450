import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { changesSince, type EngineEvent } from '../support/witness.ts';

let fleet: Fleet;

const HEALTH = 'healthcheck: { test: "true", interval: 300ms }, stop_grace_period: 0s';
const service = (name: string, more = '') =>
  `  ${name}: { image: local/plain:1, ${HEALTH}${more === '' ? '' : `, ${more}`} }\n`;
const compose = (services: string, rest = '') => ({ 'stacks/shop/compose.yaml': `services:\n${services}${rest}` });
const CONFIG = 'configs: [{ source: c, target: /etc/c }]';

/** Ten commits as people make them, each on top of the one before. */
const COMMITS: readonly (readonly [string, Readonly<Record<string, string | null>>])[] = [
  ['an environment variable', compose(service('app', 'environment: { LOG: info }') + service('db'))],
  ['a limit while it runs', compose(service('app', 'environment: { LOG: info }, mem_limit: 64m') + service('db'))],
  ['a limit taken away', compose(service('app', 'environment: { LOG: info }') + service('db'))],
  ['a new service', compose(service('app', 'environment: { LOG: info }') + service('db') + service('cache'))],
  [
    'two more replicas',
    compose(service('app', 'environment: { LOG: info }') + service('db') + service('cache', 'scale: 3')),
  ],
  ['a service less', compose(service('app', 'environment: { LOG: info }') + service('cache', 'scale: 3'))],
  [
    'a mounted file',
    {
      ...compose(service('app', CONFIG) + service('cache', 'restart: always'), 'configs: { c: { file: ./c.txt } }\n'),
      'stacks/shop/c.txt': 'one\n',
    },
  ],
  ['its content', { 'stacks/shop/c.txt': 'two\n' }],
  [
    'the network',
    compose(
      service('app', CONFIG) + service('cache', 'restart: always'),
      'configs: { c: { file: ./c.txt } }\nnetworks: { default: { internal: true } }\n',
    ),
  ],
  [
    'another stack in place of this one',
    {
      'fleet.yaml': 'version: 1\nstacks:\n  blog: { hosts: role=web }\n',
      'stacks/blog/compose.yaml': `services:\n${service('app')}`,
    },
  ],
];

beforeAll(async () => {
  fleet = await startFleet(
    [
      { name: 'web-1', engine: '26', labels: { role: 'web' } },
      { name: 'web-2', engine: '28', labels: { role: 'web' } },
    ],
    { 'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: role=web }\n', ...compose(service('app') + service('db')) },
  );
  expect((await fleet.mooring('wait', '--timeout', '180s')).code).toBe(0);
});

afterAll(async () => {
  await fleet?.close();
});

interface Step {
  readonly kind: string;
  readonly object: string;
}

/** What an engine's log must tell when these steps are performed, and nothing else: each change once, by its object. */
function expected(steps: readonly Step[]): string[] {
  return steps
    .flatMap(({ kind, object }) => {
      switch (kind) {
        case 'create-container':
          return [`container create ${object}`];
        case 'replace-container':
          return [`container create ${object}`, `container destroy ${object}`];
        case 'update-container':
          return [`container update ${object}`];
        case 'remove-container':
          return [`container destroy ${object}`];
        case 'create-network':
          return [`network create ${object}`];
        case 'replace-network':
          return [`network create ${object}`, `network destroy ${object}`];
        case 'remove-network':
          return [`network destroy ${object}`];
        default:
          return [];
      }
    })
    .sort();
}

const TELLING = new Set([
  'container create',
  'container destroy',
  'container update',
  'network create',
  'network destroy',
]);

/** A container that replaces stands under a passing name at first, one that is replaced at last. */
function told(events: readonly EngineEvent[]): string[] {
  return events
    .filter(({ type, action }) => TELLING.has(`${type} ${action}`))
    .map(({ type, action, name }) => `${type} ${action} ${name.replace(/-(?:new|kept)-[0-9a-f]{12}$/, '')}`)
    .sort();
}

async function eventsOf(host: TestHost, since: number) {
  return await changesSince(host.engine.docker, since);
}

describe('the plan of a commit', () => {
  test.each(COMMITS)(
    'that changes %s is what is then done, host by host',
    async (title, files) => {
      const commit = fleet.repository.commit(title, files);
      fleet.repository.git('branch', '--force', 'proposal', commit);
      fleet.repository.git('reset', '--quiet', '--hard', 'HEAD~1');
      const asked = Date.now();
      const plan = await fleet.json('plan', 'proposal');
      for (const host of fleet.hosts) expect(await eventsOf(host, asked)).toEqual([]);
      const since = Date.now();
      fleet.repository.git('reset', '--quiet', '--hard', commit);
      const waited = await fleet.mooring('wait', '--revision', commit, '--timeout', '180s');
      expect(waited.code, waited.stdout).toBe(0);
      for (const host of fleet.hosts) {
        const planned = plan.hosts.find((one: { host: string }) => one.host === host.name);
        expect(told(await eventsOf(host, since)), host.name).toEqual(expected(planned.steps ?? []));
      }
    },
    180_000,
  );
});
