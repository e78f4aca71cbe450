import { createPrivateKey, type KeyObject } from 'node:crypto';
import { dataKeyOf, hostRecord, MemoryDatabase, type Stages, type Store, wireStages } from '@mooring/hub/fakes';
import { Assignment, decodeEnvelope, Event, MooringError, type SyncState, syncStateToJSON } from '@mooring/proto';
import type { History, Want } from './history.ts';
import { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';
import type { SimBroker } from './sim-broker.ts';
import type { RunningHub } from './sim-link.ts';
import { type SimRepository, SimSource } from './sim-source.ts';
import { builtOf } from './stacks.ts';

/** DER of an Ed25519 private key before its 32 bytes (RFC 8410). */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const HEARTBEAT_MS = 10_000;

/** The signing key that a seed decides. */
export function keyOf(random: Random): KeyObject {
  return createPrivateKey({ key: Buffer.concat([ED25519_HEAD, random.bytes(32)]), format: 'der', type: 'pkcs8' });
}

/** What a hub is made of. */
export interface SimHubParts {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly history: History;
  readonly broker: SimBroker;
  readonly repository: SimRepository;
  readonly hosts: readonly string[];
  /** Unix milliseconds at the beginning. */
  readonly epochMs: number;
}

/** What a host runs by, as the hub issued it last. */
export interface NewestIssued {
  readonly generation: bigint;
  /** By stack: plain digest of its bundle. */
  readonly stacks: ReadonlyMap<string, string>;
}

/** The hub: its database and keys outlive its runs. */
export class SimHub {
  readonly fleet;
  /** By how much its clock is set, in milliseconds. */
  clockOffMs = 0;
  /** Its database was once made an older one. */
  wasRestored = false;
  /** Its disk takes nothing. */
  full = false;
  /** Wrong on purpose: stands in front of the store. */
  distort: ((store: Store) => Store) | undefined;
  /** Wrong on purpose: time never passes for who is silent. */
  timeless = false;
  readonly #parts: SimHubParts;
  #database: MemoryDatabase;
  #backup: MemoryDatabase | undefined;
  /** Reads the database, whoever runs over it. */
  #reader: Store;
  #running: RunningHub | undefined;

  constructor(parts: SimHubParts) {
    this.#parts = parts;
    const { random, hosts, epochMs } = parts;
    this.fleet = {
      id: random.uuid(),
      name: 'sim',
      assignmentKey: keyOf(random),
      objectSecret: random.bytes(32),
      dataSecret: random.bytes(32),
    };
    this.#database = MemoryDatabase.make(this.fleet.id, epochMs);
    this.#reader = readerOf(this.#database);
    for (const name of hosts) {
      const invitation = { id: `of-${name}`, secretHash: 'aa', host: name, labels: {}, usedAtMs: 0, replace: false };
      this.#database.write('addInvitation', { ...invitation, expiresAtMs: epochMs + 1_000 });
      this.#database.write('joinHost', { invitationId: invitation.id, host: hostRecord(name, epochMs) });
    }
  }

  /** The run of now; undefined: it is down. */
  get running(): RunningHub | undefined {
    return this.#running?.life.alive === true ? this.#running : undefined;
  }

  dataKey(host: string): Uint8Array {
    return dataKeyOf(this.fleet, this.identityId(host));
  }

  identityId(host: string): string {
    return hostRecord(host, 0).identityId;
  }

  start(): void {
    const { schedule, random, broker, repository, history } = this.#parts;
    const life = new Life(schedule, random.fork());
    const clock = () => this.#parts.epochMs + schedule.nowMs + this.clockOffMs;
    const timers = this.timeless ? { ...life.timers, monotonicMs: () => 0 } : life.timers;
    const plain = this.#database.store({
      clock,
      timers: life.timers,
      failure: () =>
        this.full ? new MooringError('DB_FULL', 'Cannot use the database: full; room is wanted') : undefined,
      committed: (write) => this.#committed(write),
    });
    const store = this.distort?.(plain) ?? plain;
    const stages: Stages = wireStages({
      fleet: this.fleet,
      store,
      connect: (events) => broker.connectHub(life, events),
      follow: (moor) => {
        const inventory = () => store.hosts().map(({ name, labels }) => ({ name, labels }));
        const accepted = store.acceptedRevision()?.commit;
        return new SimSource({ repository, life, moor, inventory, accepted });
      },
      repository: 'sim',
      view: ({ moor }) => ({
        hosts: new Map((moor.rendering?.hosts ?? []).map(({ host, ...rest }) => [host, rest])),
        source: 'sim',
        branch: 'main',
        sourceAskedAtMs: clock(),
        problems: [],
        checks: [],
        counters: {},
      }),
      heartbeatMs: HEARTBEAT_MS,
      natsUrls: () => ['sim'],
      askBack: () => Promise.reject(new Error('hosts are in every backup')),
      onLeave: () => Promise.reject(new Error('nobody leaves')),
      renewCertificate: () => Promise.reject(new Error('certificates outlive a simulation')),
      clock,
      timers,
      log: { warn: (fields: unknown, message?: string) => this.#log(message ?? '', fields) },
      onError: (error) => this.#log(String(error), {}),
    });
    this.#running = { life, stages };
    stages.publisher.wake();
    stages.renewal.soon('the hub started');
    history.add({ kind: 'said', host: '', where: 'log', text: 'the hub runs' });
  }

  crash(): void {
    this.#running?.life.end();
    this.#running = undefined;
  }

  /** Somebody makes a backup of the database. */
  backUp(): void {
    this.#backup = this.#database.copy();
  }

  /** The database becomes what the backup holds. The hub is down. False: there is no backup. */
  restore(): boolean {
    if (this.#backup === undefined) return false;
    this.#database = this.#backup.copy();
    this.#reader = readerOf(this.#database);
    this.wasRestored = true;
    this.#parts.history.add({ kind: 'restored', stored: this.#database.outboxes() });
    return true;
  }

  /** What the hub shows of each host, to whoever asks; undefined: it cannot be asked. */
  async show(reasons = false): Promise<ReadonlyMap<string, string> | undefined> {
    const running = this.running;
    if (running === undefined) return undefined;
    const caller = { kind: 'local', name: 'local', role: 'viewer', identityId: '' } as const;
    const context = { caller, signal: running.life.signal };
    const shown = new Map<string, string>();
    for (let pageToken = ''; ; ) {
      const answer = await running.stages.query.listHosts({ pageSize: 500, pageToken, selector: '' }, context);
      for (const { name, sync, reason } of answer.hosts)
        shown.set(name, reasons ? `${nameOf(sync)}: ${reason}` : nameOf(sync));
      pageToken = answer.nextPageToken;
      if (pageToken === '') return shown;
    }
  }

  /** What the hub issued last to a host; undefined: nothing. */
  newest(host: string): NewestIssued | undefined {
    const head = this.#reader.assignmentHead(host);
    if (head === undefined) return undefined;
    const stacks = head.stacks.map(({ stack, bundle }) => [stack, this.#database.plainDigest(bundle)] as const);
    return { generation: head.generation, stacks: new Map(stacks) };
  }

  /** The commit that the fleet follows. */
  get accepted(): string | undefined {
    return this.#reader.acceptedRevision()?.commit;
  }

  #log(text: string, fields: unknown): void {
    const told = typeof fields === 'object' && fields !== null && 'err' in fields ? String(fields.err) : '';
    this.#parts.history.add({ kind: 'said', host: '', where: 'log', text: `${text} ${told}` });
  }

  /** What the database holds goes down in history the moment that it holds it. */
  #committed(write: Parameters<NonNullable<Parameters<MemoryDatabase['store']>[0]['committed']>>[0]): void {
    const { history } = this.#parts;
    if (write.kind === 'putAssignments') {
      for (const { host, generation, digest, envelope } of write.takes.records) {
        const assignment = Assignment.decode(decodeEnvelope(envelope).payload);
        const wants = assignment.stacks.flatMap(({ stack, release }) => this.#wantsOf(stack, release?.bundle ?? ''));
        const removals = assignment.removals.map(({ stack }) => stack);
        history.add({ kind: 'issued', host, generation, digest, wants, removals });
      }
    }
    if (write.kind !== 'addEvents' || write.takes.outboxId === '') return;
    const { host, outboxId: outbox, events } = write.takes;
    for (const [index, { sequence, body }] of events.entries()) {
      if (write.answer[index] === 0) continue;
      const { kind, object, message, atMs } = Event.decode(body);
      history.add({ kind: 'event-stored', host, outbox, sequence, content: [kind, object, message, atMs].join(' ') });
    }
  }

  #wantsOf(stack: string, object: string): readonly Want[] {
    const bundle = builtOf(this.#database.plainDigest(object))?.bundle;
    return (bundle?.services ?? []).flatMap(({ name, replicas, specDigest }) =>
      Array.from({ length: replicas }, (_, index) => ({ stack, service: name, replica: index + 1, spec: specDigest })),
    );
  }
}

function readerOf(database: MemoryDatabase): Store {
  return database.store({ clock: () => 0, timers: { monotonicMs: () => 0, after: () => () => undefined } });
}

function nameOf(sync: SyncState): string {
  const word = syncStateToJSON(sync).replace('SYNC_STATE_', '').toLowerCase();
  return word.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
}
