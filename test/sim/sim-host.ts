import { createPublicKey } from 'node:crypto';
import {
  type Agent,
  type Identity,
  type Log,
  type MovableSqlite,
  openDatabase,
  openKeep,
  runAgent,
} from '@mooring/agent/fakes';
import { keyIdOf } from '@mooring/proto';
import type { History } from './history.ts';
import { Life } from './life.ts';
import type { Random } from './random.ts';
import { openRoad, type Road } from './road.ts';
import type { Schedule } from './schedule.ts';
import type { SimBroker } from './sim-broker.ts';
import { simDatabase } from './sim-database.ts';
import { SimDisk } from './sim-disk.ts';
import { SimEngine } from './sim-engine.ts';
import type { SimHub } from './sim-hub.ts';
import { openSimLink } from './sim-link.ts';
import { BAD_IMAGES, GOOD_IMAGES } from './stacks.ts';

export const DATA = '/var/lib/mooring-agent';
/** Milliseconds between full looks: short, so that an episode sees many. */
export const AUDIT_MS = 60_000;
/** Small, so that a flood fills it. */
export const OUTBOX_BOUNDS = { events: 80, bytes: 32 * 1024 } as const;
/** Milliseconds until whoever supervises an agent starts it again. */
const RESTART_MS = { low: 200, high: 15_000 } as const;

/** What a host is made of. */
export interface SimHostParts {
  readonly name: string;
  readonly schedule: Schedule;
  readonly random: Random;
  readonly history: History;
  readonly hub: SimHub;
  readonly broker: SimBroker;
  readonly epochMs: number;
  /** Secrets of this run go by; undefined: none is to be let through. */
  readonly copyOf?: SimHost | undefined;
}

/** A machine: engine, disk and clock outlive the agents that run on it one after the other. */
export class SimHost {
  /** As history calls it. */
  readonly name: string;
  readonly road: Road = openRoad();
  readonly engine: SimEngine;
  readonly disk: SimDisk;
  /** By how much its clock is set, in milliseconds. */
  clockOffMs = 0;
  /**
   * Times from before and after cannot be compared: a container that mounts content from Git may be restarted once more than it needs, and is not
   * judged by that.
   */
  clockWasSet = false;
  /** Wrong on purpose: changes who the agent thinks it is. */
  distortIdentity: ((identity: Identity) => Identity) | undefined;
  /** Wrong on purpose: stands in front of the agent's database. */
  distortDatabase: ((database: MovableSqlite) => MovableSqlite) | undefined;
  readonly #parts: SimHostParts;
  readonly #database: MovableSqlite;
  readonly #identity: Identity;
  #life: Life | undefined;
  #agent: Agent | undefined;
  #isOff = false;
  #accepted = 0n;

  constructor(parts: SimHostParts) {
    this.#parts = parts;
    const { name, random, history } = parts;
    this.name = name;
    this.#database = openDatabase(':memory:').database;
    this.disk = new SimDisk(random.fork(), () => this.nowMs);
    // Joining makes the agent's folder, and has it on disk.
    this.disk.ground(DATA);
    this.engine = new SimEngine({
      host: name,
      history,
      random: random.fork(),
      clock: () => this.nowMs,
      isSound: (path) => this.disk.isSound(path),
    });
    for (const image of [...GOOD_IMAGES, ...BAD_IMAGES])
      this.engine.real.publishImage(image, { Cmd: ['serve', image] });
    this.engine.real.addImage('foreign:1', { Cmd: ['sleep'] });
    this.engine.real.endsAtOnce.set('crashes:1', 1);
    this.engine.real.neverHealthy.add('sick:1');
    this.#identity = identityOf(parts);
  }

  /** By its own clock. */
  get nowMs(): number {
    return this.#parts.epochMs + this.#parts.schedule.nowMs + this.clockOffMs;
  }

  get isRunning(): boolean {
    return this.#agent !== undefined && this.#life?.alive === true;
  }

  /** Events that wait in the outbox, and their bytes. */
  get outbox(): { readonly id: string; readonly events: number; readonly bytes: number } {
    const id = this.#database.one<{ value: string }>("SELECT value FROM meta WHERE name = 'outbox'")?.value ?? '';
    const sql = 'SELECT count(*) AS events, coalesce(sum(bytes), 0) AS bytes FROM outbox';
    return { id, ...(this.#database.one<{ events: number; bytes: number }>(sql) ?? { events: 0, bytes: 0 }) };
  }

  /** Starts the agent, and again whenever it cannot start. */
  start(): void {
    if (this.#isOff) return;
    const { schedule, random } = this.#parts;
    const life = new Life(schedule, random.fork());
    this.#life = life;
    void this.#run(life).then(
      (agent) => {
        this.#agent = agent;
      },
      (error) => {
        if (!life.alive) return;
        this.#parts.history.add({ kind: 'said', host: this.name, where: 'log', text: `cannot start: ${error}` });
        life.end();
        this.#later();
      },
    );
  }

  /** Ends the agent at one of its next calls to the outside, as a power cut would. */
  crashAfter(calls: number): void {
    this.#life?.cutAfter(calls, () => this.#gone());
  }

  crash(): void {
    this.#life?.end();
    this.#gone();
  }

  /** Ends it for good. */
  switchOff(): void {
    this.#isOff = true;
    this.crash();
  }

  #gone(): void {
    this.#agent = undefined;
    this.disk.cut();
    void this.engine.noteStale();
    this.#noteSurvived();
    this.#later();
  }

  /** An assignment that made it to the disk counts, though the agent had no time to say so. */
  #noteSurvived(): void {
    const text = this.disk.content(`${DATA}/state/accepted`)?.toString() ?? '';
    const [, generation, digest = ''] = /"generation":"(\d+)","digest":"([^"]+)"/.exec(text) ?? [];
    if (generation !== undefined && BigInt(generation) > this.#accepted) this.#noteAccepted(BigInt(generation), digest);
  }

  #noteAccepted(generation: bigint, digest: string): void {
    this.#accepted = generation;
    this.#parts.history.add({ kind: 'accepted', host: this.name, generation, digest });
  }

  #later(): void {
    const { schedule, random } = this.#parts;
    schedule.after(random.between(RESTART_MS.low, RESTART_MS.high), () => {
      if (this.#life?.alive !== true) this.start();
    });
  }

  async #run(life: Life): Promise<Agent> {
    const { history, hub, broker, random, name, copyOf } = this.#parts;
    const known = copyOf?.name ?? name;
    const nowMs = () => this.nowMs;
    const identity = this.distortIdentity?.(this.#identity) ?? this.#identity;
    const plain = simDatabase({ real: this.#database, life, disk: this.disk, host: name, history });
    const database = this.distortDatabase?.(plain) ?? plain;
    const chance = { uuid: () => random.uuid(), bytes: (count: number) => random.bytes(count) };
    const keep = openKeep(DATA, {
      nowMs,
      disk: this.disk.mounted(life),
      place: {
        lock: () => ({ settle: () => undefined, release: () => undefined }),
        open: () => ({ database, setAside: false }),
        cameHome: () => undefined,
      },
      chance,
      outboxBounds: OUTBOX_BOUNDS,
    });
    const link = { life, road: this.road, host: known, named: name, identityId: identity.identityId, random, history };
    return await runAgent({
      config: { data: DATA, auditMs: AUDIT_MS },
      log: this.#log(),
      identity,
      keep,
      outside: {
        openEngine: () => this.engine.open(life),
        connectBroker: (target) => broker.connectHost(life, this.road, target),
        openHubLink: () => openSimLink({ ...link, hub: () => hub.running }),
        machineId: machineOf(name),
        bootId: random.uuid(),
        nowMs,
        timers: life.timers,
      },
    });
  }

  #log(): Log {
    const { history } = this.#parts;
    const say = (fields: object, message: string) => {
      if (message === 'assignment accepted' && 'generation' in fields && 'digest' in fields) {
        const { generation, digest } = fields;
        this.#noteAccepted(BigInt(String(generation)), String(digest));
      }
      const text = Object.values(fields).map(String).join(' ');
      history.add({ kind: 'said', host: this.name, where: 'log', text: `${message} ${text}` });
    };
    return { debug: say, info: say, warn: say, error: say };
  }
}

/** Of nobody: the lines are simulated, and the agent only shows the digest of its key. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUQnyuAwuVOxkmgYGXbHhHYq6PqMUwCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDc2ltMCAXDTI2MTEyODIwMTE1NloYDzIxMjYxMTA0MjAxMTU2
WjAOMQwwCgYDVQQDDANzaW0wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATCTh4h
V2/IdULVfTY+cmPgf+gJwBxTrDpHmAu2Uf3Au4F7Sr5cMVsXbnQgeLdGxDNLMSac
hdJix+EbnQK0kiw0o1MwUTAdBgNVHQ4EFgQUtLSgkYdwAFn+C1HarF3LN0k6JhMw
HwYDVR0jBBgwFoAUtLSgkYdwAFn+C1HarF3LN0k6JhMwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiBwyFgJEXI8zGz+78fKjiVPnwL3oYA1yHAOAFxi
qSeuFQIhAMFROg2L51mBfA+caUlZLHFSh5KTXNX2NlvGLc223u+E
-----END CERTIFICATE-----`;

function machineOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
}

function identityOf({ name, hub, copyOf }: SimHostParts): Identity {
  const host = copyOf?.name ?? name;
  const key = createPublicKey(hub.fleet.assignmentKey);
  return {
    fleetId: hub.fleet.id,
    host,
    identityId: hub.identityId(host),
    tls: { key: '', cert: CERTIFICATE, ca: '' },
    certificate: { startsAtMs: 0, endsAtMs: Number.MAX_SAFE_INTEGER / 4 },
    nkeySeed: '',
    dataKey: hub.dataKey(host),
    rootKey: new Uint8Array(32),
    trust: {
      version: 1n,
      assignmentKeys: [{ keyId: keyIdOf(key), key }],
      caCertificates: [],
      envelope: new Uint8Array(0),
    },
    hubAddresses: ['hub:7443'],
    natsUrls: ['sim'],
  };
}
