import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, MooringError } from '@mooring/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemError } from '../keep/disk.fake.ts';
import { fileMount } from '../verify/signer.fake.ts';
import { ReceiverStage } from './receiver-stage.fake.ts';

const conf = Buffer.from('server {}');
const shop = { mounts: [fileMount('/etc/nginx.conf', conf)], contents: [conf] };
const down = new MooringError('HUB_UNREACHABLE', 'Cannot ask the hub: it is down; up');

// Each second attempt comes up to three seconds after the first.
const WAIT_MS = 15_000;
vi.setConfig({ testTimeout: 2 * WAIT_MS });

let stage: ReceiverStage;
beforeEach(() => {
  stage = new ReceiverStage();
});
afterEach(() => stage.close());

const signed = (generation: bigint, stacks = { shop }) => stage.signer.assignment({ generation, stacks });
const until = (claim: () => void) => vi.waitFor(claim, { timeout: WAIT_MS, interval: 5 });

/** A host that runs an assignment already. */
async function running(generation = 5n): Promise<Uint8Array> {
  const envelope = signed(generation);
  stage.announce(generation, envelope);
  await until(() => expect(stage.generation).toBe(generation));
  return envelope;
}

describe('a host that just joined', () => {
  test('takes nothing from the broker until the hub has said what is the newest', async () => {
    stage.receiver.offer(signed(5n));
    stage.receiver.ask();
    await until(() => expect(stage.asked).toBe(1));
    expect(stage.generation).toBe(0n);
    expect(stage.events).toEqual([]);
    await running(6n);
    expect(stage.codes).toEqual(['assignment.accepted']);
  });

  test('refuses what is older than what the hub named', async () => {
    stage.announce(6n);
    stage.receiver.offer(signed(5n));
    await until(() => expect(stage.codes).toEqual(['assignment.refused ASSIGNMENT_ROLLBACK']));
  });
});

describe('an assignment', () => {
  test('is on disk, with everything that it mounts, before it counts', async () => {
    const envelope = await running();
    expect(stage.keep.accepted.read()).toMatchObject({ kind: 'accepted', accepted: { generation: 5n } });
    expect(readFileSync(stage.keep.contents.content(digestOf(conf), false))).toEqual(conf);
    expect(stage.receiver.workload).toMatchObject({ digest: digestOf(envelope), stacks: [{ refusal: undefined }] });
    expect(stage.accepted).toBe(1);
  });

  test('that is known costs nothing, however often it comes', async () => {
    const envelope = await running();
    const { asked } = stage;
    for (let index = 0; index < 10; index += 1) stage.receiver.offer(envelope);
    stage.announce(5n, envelope);
    await stage.restart();
    expect(stage.accepted).toBe(1);
    expect(stage.asked).toBe(asked);
    expect(stage.codes).toEqual(['assignment.accepted']);
  });

  test('that is older is refused, and one of the same generation with other content is equivocation', async () => {
    await running(5n);
    stage.receiver.offer(signed(4n));
    await until(() => expect(stage.receiver.refusal?.code).toBe('ASSIGNMENT_ROLLBACK'));
    stage.receiver.offer(signed(5n));
    await until(() => expect(stage.receiver.refusal?.code).toBe('ASSIGNMENT_EQUIVOCATION'));
    expect(stage.generation).toBe(5n);
    stage.receiver.offer(signed(6n));
    await until(() => expect(stage.generation).toBe(6n));
    expect(stage.receiver.refusal).toBeUndefined();
  });

  test('that is pushed a thousand times over is verified at its own pace, and the newest wins', async () => {
    await running(5n);
    for (let index = 0; index < 1000; index += 1) stage.receiver.offer(Buffer.from(`junk ${index}`));
    stage.receiver.offer(signed(7n));
    await until(() => expect(stage.generation).toBe(7n));
    expect(stage.codes.filter((code) => code.startsWith('assignment.refused')).length).toBeLessThanOrEqual(1);
  });

  test('that arrives while an older one is being staged follows it', async () => {
    await running(5n);
    const gate = Promise.withResolvers<void>();
    const { fetchObject } = stage;
    stage.fetchObject = async (object) => {
      await gate.promise;
      return fetchObject(object);
    };
    const image = { shop: { ...shop, image: 'nginx:1.28' } };
    stage.receiver.offer(signed(6n, image));
    await until(() => expect(stage.receiver.staging).toBe(true));
    stage.receiver.offer(signed(8n, image));
    gate.resolve();
    await until(() => expect(stage.generation).toBe(8n));
    expect(stage.receiver.staging).toBe(false);
    stage.receiver.offer(signed(7n));
    await until(() => expect(stage.receiver.refusal?.code).toBe('ASSIGNMENT_ROLLBACK'));
    expect(stage.keep.accepted.read()).toMatchObject({ accepted: { generation: 8n } });
  });

  test('that the hub named and the broker withheld is fetched, also in a flood of junk', async () => {
    await running(5n);
    const next = signed(6n);
    stage.fetchNewest = async () => {
      stage.receiver.offer(Buffer.from('junk'));
      return next;
    };
    stage.announce(6n, next);
    await until(() => expect(stage.generation).toBe(6n));
  });
});

describe('what cannot be had', () => {
  const image = { shop: { ...shop, image: 'nginx:1.28' } };

  test('is waited for, and the assignment before goes on', async () => {
    await running(5n);
    const { fetchObject } = stage;
    stage.fetchObject = () => Promise.reject(down);
    stage.receiver.offer(signed(6n, image));
    await until(() => expect(stage.receiver.refusal?.code).toBe('OBJECT_MISSING'));
    expect(stage.generation).toBe(5n);
    stage.fetchObject = fetchObject;
    await until(() => expect(stage.generation).toBe(6n));
  });

  test.each([
    ['an unreachable hub', down],
    ['a hub that refuses', new MooringError('UPGRADE_REQUIRED', 'Cannot ask: too old; newer')],
    ['a mistake', new TypeError('not a function')],
  ])('because of %s is asked for at a pace', async (_, error) => {
    await running(5n);
    stage.asked = 0;
    stage.fetchNewest = () => Promise.reject(error);
    stage.announce(6n, signed(6n));
    await until(() => expect(stage.asked).toBe(1));
    await new Promise((resolve) => setImmediate(resolve));
    const next = signed(6n);
    stage.fetchNewest = () => Promise.resolve(next);
    await until(() => expect(stage.generation).toBe(6n));
    expect(stage.asked).toBeLessThan(10);
  });

  test.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EMFILE', 'INTERNAL'],
  ])('on disk because of %s leaves the old one in place and is tried again at a pace', async (errno, code) => {
    await running(5n);
    stage.disk.failure = systemError(errno);
    stage.disk.remaining = 0;
    const { calls } = stage.disk;
    stage.receiver.offer(signed(6n));
    await until(() => expect(stage.receiver.refusal?.code).toBe(code));
    expect(stage.keep.accepted.read()).toMatchObject({ kind: 'accepted', accepted: { generation: 5n } });
    expect(stage.keep.health.problem?.code).toBe(code === 'DISK_FULL' ? 'DISK_FULL' : undefined);
    expect(stage.log.lines.filter((line) => line.includes('refused')).length).toBeLessThan(10);
    expect(stage.disk.calls).toBe(calls);
    stage.disk.remaining = Number.POSITIVE_INFINITY;
    await until(() => expect(stage.generation).toBe(6n));
  });

  test('is not waited for when the agent stops', async () => {
    await running(5n);
    stage.fetchObject = () => new Promise(() => undefined);
    stage.receiver.offer(signed(6n, image));
    await until(() => expect(stage.fetched.length).toBeGreaterThan(2));
    await stage.receiver.close();
    expect(stage.generation).toBe(5n);
  });
});

describe('a stack that is refused', () => {
  const bad = { shop, blog: { spoil: (bundle: never) => Object.assign({}, bundle, { requires: ['gpu.v9'] }) } };

  test('stops no other, and says so once', async () => {
    stage.announce(5n, signed(5n, bad));
    await until(() => expect(stage.generation).toBe(5n));
    expect(stage.receiver.workload?.stacks).toMatchObject([
      { assigned: { stack: 'shop' }, refusal: undefined, desired: { generation: 5n } },
      { assigned: { stack: 'blog' }, refusal: { code: 'BUNDLE_FEATURE_UNKNOWN' }, desired: undefined },
    ]);
    await until(() => expect(stage.receiver.staging).toBe(false));
    expect(stage.codes.filter((code) => code === 'stack.refused BUNDLE_FEATURE_UNKNOWN')).toHaveLength(1);
  });

  test('goes on with the release before', async () => {
    stage.announce(5n, signed(5n, { shop, blog: {} } as never));
    await until(() => expect(stage.generation).toBe(5n));
    stage.receiver.offer(signed(6n, bad));
    await until(() => expect(stage.generation).toBe(6n));
    expect(stage.receiver.workload?.stacks[1]).toMatchObject({ desired: { stack: 'blog', generation: 5n } });
    await stage.restart();
    expect(stage.receiver.workload?.stacks[1]).toMatchObject({ desired: { stack: 'blog', generation: 5n } });
  });
});

describe('a start', () => {
  test('runs what was accepted, from disk alone', async () => {
    const envelope = await running();
    stage.fetchObject = () => Promise.reject(down);
    stage.fetchNewest = () => Promise.reject(down);
    await stage.restart();
    expect(stage.receiver.workload).toMatchObject({ digest: digestOf(envelope), stacks: [{ refusal: undefined }] });
  });

  const damages: Record<string, () => void> = {
    'a content is gone': () => rmSync(stage.keep.contents.content(digestOf(conf), false)),
    'a content became a folder': () => {
      const path = stage.keep.contents.content(digestOf(conf), false);
      rmSync(path);
      mkdirSync(path);
    },
  };

  test.each(Object.entries(damages))('mends what it can from its own disk when %s', async (_, damage) => {
    await running();
    damage();
    stage.fetchObject = () => Promise.reject(down);
    await stage.restart();
    expect(stage.receiver.workload?.stacks).toMatchObject([{ refusal: undefined }]);
    expect(readFileSync(stage.keep.contents.content(digestOf(conf), false))).toEqual(conf);
  });

  test('with an object gone leaves its stack alone, and fetches it as soon as it is to be had', async () => {
    await running();
    const file = stage.objectFile(stage.receiver.workload?.stacks[0]?.desired?.bundleObject ?? '');
    rmSync(file);
    const { fetchObject } = stage;
    stage.fetchObject = () => Promise.reject(down);
    await stage.restart();
    expect(stage.receiver.workload?.stacks).toMatchObject([
      { refusal: { code: 'OBJECT_MISSING' }, desired: undefined },
    ]);
    stage.fetchObject = fetchObject;
    stage.accepted = 0;
    await until(() => expect(stage.receiver.workload?.stacks).toMatchObject([{ refusal: undefined }]));
    expect(stage.accepted).toBe(1);
  });

  test('with its newest record damaged runs by the one before, and says so', async () => {
    await running(5n);
    stage.announce(6n, signed(6n));
    await until(() => expect(stage.generation).toBe(6n));
    writeFileSync(join(stage.data, 'state', 'accepted'), 'torn');
    await stage.restart();
    expect(stage.generation).toBe(5n);
    expect(stage.codes).toContain('state.recovered STATE_CORRUPT');
  });

  test('with its record lost refuses everything until the hub has spoken', async () => {
    await running(5n);
    for (const name of ['accepted', 'accepted.prev']) writeFileSync(join(stage.data, 'state', name), 'torn');
    await stage.restart();
    expect(stage.receiver).toMatchObject({ workload: undefined, highWaterLost: true });
    expect(stage.receiver.refusal?.code).toBe('HIGH_WATER_LOST');
    stage.receiver.offer(signed(9n));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stage.generation).toBe(0n);
    stage.announce(6n, signed(6n));
    await until(() => expect(stage.generation).toBe(6n));
    expect(stage.receiver.highWaterLost).toBe(false);
  });
});
