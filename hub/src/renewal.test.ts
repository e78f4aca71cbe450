import { generateKeyPairSync } from 'node:crypto';
import { Assignment, Bundle, DriftMode, decodeEnvelope, digestOf } from '@mooring/proto';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Moor } from './moor.ts';
import type { BrokerConnection } from './publish/broker-connection.ts';
import { Publisher } from './publish/publisher.ts';
import type { Rendering } from './render/rendering.ts';
import { Renewal } from './renewal.ts';
import { Assigner } from './sign/assigner.ts';
import { openSqlite } from './store/sqlite.ts';
import { UNHEARD } from './store/store.ts';
import { FLEET, openTemporaryStore, type TemporaryStore } from './store/temporary-store.fake.ts';

const HOST = 'web-1';
const secret = Buffer.alloc(32, 7);
const { privateKey: assignmentKey } = generateKeyPairSync('ed25519');

let temporary: TemporaryStore;
let hub: ReturnType<typeof wire>;
/** What the broker holds, by subject. */
let held: Map<string, Uint8Array>;
/** What the repository renders to now. */
let text: string;

beforeEach(async () => {
  temporary = await openTemporaryStore([HOST]);
  held = new Map();
  text = 'one';
  hub = wire();
});
afterEach(async () => {
  await hub.publisher.close();
  await temporary.close();
});

/** The real stages from a rendering to the broker. */
function wire() {
  const { store } = temporary;
  const clock = () => temporary.now;
  const publisher = new Publisher({ store, clock, log: pino({ level: 'silent' }), connect: async () => broker() });
  const keys = { assignmentKey, objectSecret: secret };
  const assigner = new Assigner({ store, clock, keys, fleetId: FLEET, source: 'repo', dataKeyOf: () => secret });
  const moor = new Moor({ store, assigner, publisher, clock, changed: () => undefined });
  const errors: unknown[] = [];
  const source = { render: async () => ({ kind: 'rendered', rendering: rendering() }) as const };
  const renewal = new Renewal({
    store,
    assigner,
    publisher,
    moor,
    // Only what renewing asks of it.
    source: source as unknown as ConstructorParameters<typeof Renewal>[0]['source'],
    onError: (error) => errors.push(error),
  });
  return { publisher, assigner, moor, renewal, errors };
}

function broker(): BrokerConnection {
  return {
    ensureStreams: async () => undefined,
    publish: async (subject, payload) => void held.set(subject, payload),
    last: async (_, subject) => held.get(subject),
    subjects: async (_, filter) => new Set([...held.keys()].filter((key) => key.startsWith(filter.slice(0, -1)))),
    remove: async (_, subject) => void held.delete(subject),
    close: async () => undefined,
  };
}

function rendering(): Rendering {
  const bundle = Bundle.fromPartial({ stack: text });
  const bytes = Bundle.encode(bundle).finish();
  const bundleDigest = digestOf(bytes);
  const stacks = [{ stack: 'shop', bundleDigest, driftMode: DriftMode.DRIFT_MODE_CORRECT, ignore: [] }];
  return {
    classes: [{ stack: 'shop', bundleDigest, bundle, files: [] }],
    objects: [{ plainDigest: bundleDigest, bytes, stack: 'shop' }],
    hosts: [{ host: HOST, labels: {}, stacks, problems: [] }],
    warnings: [],
    classesRendered: 1,
  };
}

/** The repository has a new commit. */
async function commit(content: string): Promise<void> {
  text = content;
  const about = { subject: content, author: 'Ada', committedAtMs: 1, problems: [], warnings: [] };
  await hub.moor.decide({ ...about, commit: digestOf(Buffer.from(content)).slice(7, 47), rendering: rendering() });
}

const newest = () => temporary.store.assignmentHead(HOST)?.generation ?? 0n;

/** Generation of the assignment that the broker holds for the host. */
function published(): bigint | undefined {
  const [envelope] = [...held].filter(([subject]) => subject.endsWith(`assignment.${HOST}`)).map(([, bytes]) => bytes);
  return envelope === undefined ? undefined : Assignment.decode(decodeEnvelope(envelope).payload).generation;
}

async function pass(): Promise<void> {
  temporary.now += 1;
  hub.publisher.wake();
  await expect.poll(() => hub.publisher.lastSuccessMs).toBe(temporary.now);
}

describe('a host that is ahead of the hub', () => {
  beforeEach(async () => {
    await commit('one');
    await pass();
    await hub.renewal.heard(HOST, newest() + 500n);
  });

  test('is told of once, and gets nothing by renewing, publishing or a new identity', async () => {
    const before = newest();
    held.clear();
    await hub.renewal.heard(HOST, before + 500n);
    text = 'two';
    hub.renewal.identityChanged(HOST);
    await pass();
    await hub.moor.renew(rendering(), 'the hub started');
    expect([newest(), published()]).toEqual([before, undefined]);
    const told = temporary.store.events({ limit: 50 }).filter(({ kind }) => kind === 'host.ahead');
    expect(told).toMatchObject([{ host: HOST, generation: before + 500n }]);
    expect(hub.errors).toEqual([]);
  });

  test.each(['two', 'one'])(
    'is taken over by the next commit, above what it has, also when that says the same: %s',
    async (content) => {
      const before = newest();
      await commit(content);
      expect(newest()).toBeGreaterThan(before + 500n);
      await expect.poll(published).toBe(newest());
      expect(hub.assigner.isHeldBack(HOST)).toBe(false);
    },
  );

  test('is taken over by a person, once', async () => {
    const before = newest();
    await expect(hub.renewal.takeOver(['web-2'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await hub.renewal.takeOver([HOST])).toEqual([HOST]);
    expect(newest()).toBeGreaterThan(before + 500n);
    expect(await hub.renewal.takeOver('all')).toEqual([]);
  });

  test('never gets a generation that it had, whatever the clock says', async () => {
    const mark = BigInt(temporary.now) + 3_600_000n;
    await hub.renewal.heard(HOST, mark);
    await commit('three');
    expect(newest()).toBe(mark + 1n);
    temporary.now -= 86_400_000;
    await commit('four');
    expect(newest()).toBe(mark + 2n);
  });
});

describe('a host of a restored database', () => {
  beforeEach(async () => {
    await commit('one');
    await pass();
    held.clear();
    restored();
  });

  /** As a restore leaves it: nobody knows how far the host is. */
  function restored(): void {
    const database = openSqlite(temporary.file, 'write');
    database.run('UPDATE hosts SET high_water = ?', UNHEARD);
    database.close();
  }

  test('gets nothing until it is heard, and then what is stored when it has no more', async () => {
    await pass();
    await hub.moor.renew(rendering(), 'the hub started');
    expect(published()).toBeUndefined();
    await hub.renewal.heard(HOST, newest());
    await expect.poll(published).toBe(newest());
  });

  test('stays as it is when it is further, until a commit that is decided on now', async () => {
    await hub.renewal.heard(HOST, newest() + 7n);
    await pass();
    expect(published()).toBeUndefined();
    const before = newest();
    await commit('two');
    await expect.poll(published).toBe(newest());
    expect(newest()).toBeGreaterThan(before + 7n);
  });

  test('gets a commit that is decided on before it is heard', async () => {
    temporary.now += 10;
    await commit('two');
    await expect.poll(published).toBe(newest());
    expect(temporary.store.highWater(HOST)).toBe(0n);
  });
});
