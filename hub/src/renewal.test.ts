import { generateKeyPairSync } from 'node:crypto';
import { Assignment, Bundle, DriftMode, decodeEnvelope, digestOf, HostState } from '@mooring/proto';
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
  let due: (() => void) | undefined;
  const source = { render: async () => ({ kind: 'rendered', rendering: rendering() }) as const };
  const renewal = new Renewal({
    store,
    assigner,
    publisher,
    moor,
    // Only what renewing asks of it.
    source: source as unknown as ConstructorParameters<typeof Renewal>[0]['source'],
    onError: (error) => errors.push(error),
    timers: {
      monotonicMs: () => 0,
      after: (_, run) => {
        due = run;
        return () => undefined;
      },
    },
  });
  return { publisher, assigner, moor, renewal, errors, look: () => due?.() };
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

  test('has other content under the newest generation, which a restored hub gave out twice: it counts as ahead, and is told of once', async () => {
    await hub.renewal.takeOver('all');
    const twice = newest();
    hub.renewal.otherAccepted(HOST, twice);
    hub.renewal.otherAccepted(HOST, twice);
    await expect.poll(() => hub.assigner.isHeldBack(HOST)).toBe(true);
    const told = temporary.store.events({ limit: 50 }).filter(({ kind }) => kind === 'host.ahead');
    expect(told.map(({ generation }) => generation)).toContain(twice + 1n);
    expect(await hub.renewal.takeOver([HOST])).toEqual([HOST]);
    expect(newest()).toBeGreaterThan(twice + 1n);
    expect(hub.errors).toEqual([]);
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

describe('a hub whose clock was years ahead', () => {
  const YEARS_MS = 2 * 365 * 86_400_000;
  let right: bigint;
  let astray: bigint;

  /** The host says how far it is, and why it goes no further. */
  async function says(code: string, acceptedGeneration: bigint): Promise<void> {
    const hostState = HostState.fromPartial({ acceptedGeneration, refusal: { code, message: 'Cannot accept' } });
    const rest = { full: true, stacks: [], goneStacks: [], reportedAtMs: temporary.now };
    await temporary.store.putReport({ host: HOST, hostState, ...rest });
    if (code === 'ASSIGNMENT_FUTURE') hub.renewal.refusedAsFuture(HOST);
  }

  beforeEach(async () => {
    await commit('one');
    await pass();
    right = newest();
    temporary.now += YEARS_MS;
    await commit('two');
    astray = newest();
    expect(astray).toBeGreaterThan(right + BigInt(YEARS_MS) - 1n);
  });

  test('signs again for today what hosts refuse, as soon as it is right, and by itself', async () => {
    await says('ASSIGNMENT_FUTURE', right);
    hub.look();
    expect([newest(), hub.renewal.refusingAsFuture()]).toEqual([astray, [HOST]]);
    temporary.now -= YEARS_MS;
    hub.look();
    await expect.poll(published).toBe(BigInt(temporary.now));
    expect(newest()).toBe(BigInt(temporary.now));
    const revision = temporary.store.acceptedRevision()?.sequence ?? 0;
    expect(temporary.store.generationFor(HOST, revision)).toBe(newest());
    await says('', newest());
    hub.look();
    expect([newest(), hub.renewal.refusingAsFuture()]).toEqual([BigInt(temporary.now), []]);
    await commit('three');
    expect(newest()).toBe(BigInt(temporary.now) + 1n);
    expect(hub.errors).toEqual([]);
  });

  test('passes it over with the next commit, and at its next start, above what the host has', async () => {
    temporary.now -= YEARS_MS;
    const mark = BigInt(temporary.now) + 3_600_000n;
    await temporary.store.putHighWater(HOST, mark);
    await says('ASSIGNMENT_FUTURE', mark + 5n);
    await expect.poll(newest).toBe(mark + 6n);
  });

  test('passes nothing over that the host has not refused for that, or has accepted', async () => {
    temporary.now -= YEARS_MS;
    await says('POLICY_DENIED', right);
    await commit('three');
    expect(newest()).toBe(astray + 1n);
    await says('ASSIGNMENT_FUTURE', astray + 1n);
    hub.look();
    await commit('four');
    expect(newest()).toBe(astray + 2n);
  });

  test('takes no day ahead for an error', async () => {
    temporary.now = Number(astray) - 86_400_000;
    await says('ASSIGNMENT_FUTURE', right);
    hub.look();
    await commit('three');
    expect(newest()).toBe(astray + 1n);
  });
});
