import { ContainerSpec, DriftMode, Network, Service } from '@mooring/proto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { driftLines, startWorkbench, type Workbench } from '../support/workbench.ts';

const MIB = 1024 * 1024;

/** What daemon.json can say about containers and networks that do not ask for it. */
const configuration = (size: number) => ({
  'log-driver': size === 1 ? 'json-file' : 'local',
  'log-opts': { 'max-size': `${size}m`, 'max-file': '3' },
  'default-ulimits': {
    nofile: { Name: 'nofile', Soft: 1024 * size, Hard: 4096 * size },
    ...(size === 1 ? {} : { nproc: { Name: 'nproc', Soft: 4096, Hard: 4096 } }),
  },
  'default-shm-size': `${96 * size}M`,
  'default-ipc-mode': size === 1 ? 'shareable' : 'private',
  'default-cgroupns-mode': size === 1 ? 'private' : 'host',
  'default-address-pools': [{ base: `10.${213 + size}.0.0/16`, size: 24 }],
  'userland-proxy': size === 1,
  init: size === 1,
  'live-restore': size !== 1,
});

const service = (name: string, extra: object) =>
  Service.fromPartial({
    name,
    container: ContainerSpec.fromJSON({
      image: 'local/plain:1',
      stopTimeoutSeconds: 0,
      healthcheck: { test: ['CMD', 'true'], intervalNanos: '200000000', timeoutNanos: '10000000000' },
      ports: [{ containerPort: 80, protocol: 'tcp', published: true }],
      networks: [{ network: 'default' }],
      ...extra,
    }),
  });

/** The value of each of these that a service may set itself. */
const EXPLICIT = {
  logging: { driver: 'json-file', options: [{ name: 'max-size', value: '5m' }] },
  ulimits: [{ name: 'nofile', soft: '512', hard: '600' }],
  shmSizeBytes: String(32 * MIB),
  ipcMode: 'private',
  init: false,
};
const asked = (explicit: object, options: { driftMode?: DriftMode } = {}) => {
  const services = [service('bare', {}), service('explicit', explicit)];
  const networks = [Network.fromPartial({ key: 'default', name: 'shop_default' })];
  return desiredOf([bundleOf('shop', { services, networks })], options);
};
const desired = asked(EXPLICIT);

let bench: Workbench;

beforeAll(async () => {
  bench = await startWorkbench('28', { configuration: configuration(1) });
});

afterAll(async () => {
  await bench?.close();
});

/** Nothing differs, and looking again changes nothing; both are the containers that were made first. */
async function expectNothingToDo(): Promise<void> {
  const first = await bench.settle(desired);
  expect(first.stacks.flatMap(({ problem }) => problem?.message ?? [])).toEqual([]);
  const since = Date.now();
  expect(driftLines(await bench.pass(desired))).toEqual([]);
  expect(await bench.witness.changesSince(since)).toEqual([]);
  expect(bench.events.filter((event) => /^container\.(?:created|replaced)/.test(event))).toHaveLength(2);
}

/** What the engine shows of a container where nothing was asked: that it bears the defaults is what makes the rest worth anything. */
async function shown(name: string) {
  const { HostConfig } = await bench.engine.docker.getContainer(`shop-${name}-1`).inspect();
  const { LogConfig, Ulimits, ShmSize, IpcMode } = HostConfig;
  const ulimits = (Ulimits ?? []).map(({ Name, Soft, Hard }) => `${Name} ${Soft}:${Hard}`).sort();
  return { logging: LogConfig, ulimits, shm: ShmSize, ipc: IpcMode };
}

describe('on an engine with defaults of its own', () => {
  test('a service that asks for nothing and one that asks for everything are as asked for', async () => {
    await expectNothingToDo();
    expect(await shown('bare')).toEqual({
      logging: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '3' } },
      ulimits: ['nofile 1024:4096'],
      shm: 96 * MIB,
      ipc: 'shareable',
    });
    expect(await shown('explicit')).toMatchObject({ ulimits: ['nofile 512:600'], shm: 32 * MIB, ipc: 'private' });
  });

  test('other defaults are no drift of containers that are there', async () => {
    await bench.restartEngine({ configuration: configuration(2) });
    await expectNothingToDo();
    expect(await shown('bare')).toMatchObject({ ulimits: ['nofile 2048:8192', 'nproc 4096:4096'], shm: 96 * MIB });
    expect(await shown('explicit')).toMatchObject({ ulimits: ['nofile 512:600', 'nproc 4096:4096'] });
  });

  test('a new process of the agent finds none either', async () => {
    await bench.restartAgent();
    await expectNothingToDo();
  });

  test('what a human changes is told all the same', async () => {
    for (const name of ['bare', 'explicit'])
      await bench.engine.docker.getContainer(`shop-${name}-1`).update({ CpuQuota: 50_000 });
    const told = await bench.pass(asked(EXPLICIT, { driftMode: DriftMode.DRIFT_MODE_REPORT }));
    expect(told.stacks.flatMap(({ drift }) => drift.map(({ field }) => field))).toEqual([
      'services.bare.cpu_quota',
      'services.explicit.cpu_quota',
    ]);
    expect(driftLines(await bench.settle(desired))).toEqual([]);
  });

  test('what Git asks for no longer is as the engine gives it now', async () => {
    const { shmSizeBytes: _, ulimits: __, ...rest } = EXPLICIT;
    expect(driftLines(await bench.settle(asked(rest)))).toEqual([]);
    expect(await shown('explicit')).toMatchObject({
      ulimits: ['nofile 2048:8192', 'nproc 4096:4096'],
      shm: 192 * MIB,
    });
    expect(driftLines(await bench.settle(desired))).toEqual([]);
    expect(await shown('explicit')).toMatchObject({ ulimits: ['nofile 512:600', 'nproc 4096:4096'], shm: 32 * MIB });
  });
});
