import type { Bundle } from '@mooring/proto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeHost, shop, type Written, type WrittenService } from '../host.fake.ts';
import { namespaceServices } from './expectation.ts';

// Each run is two applies and two plans on an engine in memory.
const RUNS = 40;
// On a machine that is busy with other things.
const DEADLINE_MS = 60_000;

const some = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 2 });
const pairs = fc
  .dictionary(fc.constantFrom('A', 'B', 'MODE', 'PATH'), fc.constantFrom('', '1', 'image'), { maxKeys: 2 })
  .map((values) => Object.entries(values).map(([name, value]) => ({ name, value })));

/** Where it is: on networks of the stack, in a mode, or in the namespace of another service. */
const place = (owners: readonly string[]) =>
  fc.constantFrom<object>(
    { networks: [{ network: 'default' }] },
    { networks: [{ network: 'default', aliases: ['x'] }, { network: 'back' }] },
    { networks: [{ network: 'back' }] },
    { networkMode: 'none', networks: [] },
    ...owners.map((owner) => ({ networkMode: `service:${owner}`, networks: [] })),
  );

const spec = (owners: readonly string[]) =>
  fc
    .record({
      image: fc.constantFrom('app:1', 'app:2'),
      place: place(owners),
      environment: some(pairs),
      labels: some(pairs),
      command: some(fc.constantFrom({ values: ['run'] }, { values: ['serve'] }, { values: [] })),
      entrypoint: some(fc.constantFrom({ values: ['/start'] }, { values: [] })),
      user: some(fc.constantFrom('1', '2')),
      workingDir: some(fc.constant('/srv')),
      memoryBytes: some(fc.constantFrom('64000000', '96000000')),
      pidsLimit: some(fc.constantFrom('-1', '10')),
      cpuShares: some(fc.constantFrom('256', '512')),
      shmSizeBytes: some(fc.constant('1000000')),
      restart: some(fc.constantFrom({ name: 'always' }, { name: 'on-failure', maximumRetries: 3 }, { name: 'no' })),
      healthcheck: some(fc.constantFrom({ test: ['NONE'] }, { test: ['CMD', 'true'], retries: 2 })),
      ipcMode: some(fc.constantFrom('host', 'shareable')),
      privileged: some(fc.boolean()),
      securityOptions: some(fc.constantFrom(['no-new-privileges=true'], ['systempaths=unconfined'], ['label=disable'])),
      logging: some(fc.constantFrom({ driver: 'json-file', options: [] }, { driver: 'none', options: [] })),
      ulimits: some(fc.constant([{ name: 'nofile', soft: '10', hard: '20' }])),
      mounts: some(
        fc.constantFrom<object[]>(
          [{ target: '/data', volume: 'data' }],
          [{ target: '/data', anonymous: {} }],
          [{ target: '/host', hostPath: '/etc', readOnly: true }],
          [{ target: '/run', tmpfs: { options: '' } }],
        ),
      ),
    })
    .map(({ place: where, ...rest }): object => ({
      ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
      ...where,
    }));

const service = (owners: readonly string[]): fc.Arbitrary<WrittenService> =>
  fc
    .record({ spec: spec(owners), replicas: fc.constantFrom(1, 1, 2), restart: fc.boolean() })
    .map(({ restart, ...rest }) => ({
      ...rest,
      dependsOn: owners.map((owner) => ({ service: owner, restart })),
    }));

const written: fc.Arbitrary<Written> = fc
  .record({ a: service([]), b: service(['a']), c: some(service([])), internal: fc.boolean() })
  .map(({ a, b, c, internal }) => ({
    services: { a, b, ...(c === undefined ? {} : { c }) },
    networks: [{ key: 'back', internal }],
    volumes: [{ key: 'data' }],
  }));

test(
  'applying leaves nothing to do: planning again is empty, and another pass changes nothing',
  async () => {
    await fc.assert(
      fc.asyncProperty(written, written, async (before, after) => {
        const host = new FakeHost();
        for (const stage of [before, after]) {
          const { stacks } = await host.settle(shop(stage));
          expect(stacks.map(({ problem }) => problem?.message)).toEqual([undefined]);
          expect(await host.sentences(shop(stage))).toEqual([]);
          const calls = host.engine.changed.length;
          await host.settle(shop(stage));
          expect(host.engine.changed.slice(calls)).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  },
  DEADLINE_MS,
);

test(
  'a plan touches only what differs: a service that Git says nothing new of appears in no step',
  async () => {
    await fc.assert(
      fc.asyncProperty(written, written, fc.subarray(['a', 'b', 'c']), async (before, other, kept) => {
        const after = { ...other, services: { ...other.services, ...pick(before.services ?? {}, kept) } };
        const host = new FakeHost();
        await host.settle(shop(before));
        const [planned] = await host.plan(shop(after));
        const touched = (planned?.steps ?? []).flatMap((step) => {
          if (!('service' in step)) return [];
          return [typeof step.service === 'string' ? step.service : step.service.name];
        });
        const same = unchanged(bundle(before), bundle(after));
        expect(touched.filter((name) => same.has(name))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  },
  DEADLINE_MS,
);

function pick<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

function bundle(stage: Written): Bundle | undefined {
  return shop(stage).stacks[0]?.bundle;
}

/** Services that are the same in both, and whose owners and dependencies are. */
function unchanged(before: Bundle | undefined, after: Bundle | undefined): ReadonlySet<string> {
  const same = new Set<string>();
  const old = new Map(before?.services.map((one) => [one.name, one]));
  for (const one of after?.services ?? []) {
    const was = old.get(one.name);
    if (was?.specDigest !== one.specDigest || was.replicas !== one.replicas) continue;
    const followed = [
      ...namespaceServices(one),
      ...one.dependsOn.flatMap((each) => (each.restart ? [each.service] : [])),
    ];
    if (followed.every((name) => same.has(name))) same.add(one.name);
  }
  return same;
}
