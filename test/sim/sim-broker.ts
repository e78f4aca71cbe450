import type { BrokerTarget, BrokerConnection as HostConnection } from '@mooring/agent/fakes';
import type { BrokerConnection, PublisherParts } from '@mooring/hub/fakes';
import { assignmentSubject, MooringError, OBJECT_SUBJECTS, objectSubject, STREAMS } from '@mooring/proto';
import type { History } from './history.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Road } from './road.ts';

/** Milliseconds for one answer, and until a vanished broker is noticed, as at the edges to a real one. */
const REQUEST_MS = 5_000;
const VANISHED_MS = 30_000;
/** Envelopes that a wicked broker remembers of one host. */
const REMEMBERED = 20;

interface Subscriber {
  readonly host: string;
  readonly life: Life;
  readonly road: Road;
  readonly target: BrokerTarget;
  readonly end: (reason: string) => void;
}

/** A broker that keeps the last value of each subject, pushes what is published, and may do worse. */
export class SimBroker {
  down = false;
  /** Wrong on purpose: what it hands out. */
  distort: ((host: string, envelope: Uint8Array | undefined) => Uint8Array | undefined) | undefined;
  readonly #random: Random;
  readonly #history: History;
  readonly #streams = new Map<string, Map<string, Uint8Array>>();
  readonly #subscribers = new Set<Subscriber>();
  /** The hub's connection, while there is one. */
  #hub: { readonly life: Life; readonly onReady: () => void; readonly onLost: () => void } | undefined;
  /** What was ever published for a host. */
  readonly #past = new Map<string, Uint8Array[]>();

  constructor(random: Random, history: History) {
    this.#random = random;
    this.#history = history;
  }

  stop(): void {
    this.down = true;
    for (const subscriber of [...this.#subscribers]) subscriber.end('the broker is gone');
    if (this.#hub?.life.alive === true) this.#hub.onLost();
  }

  start(): void {
    this.down = false;
    const hub = this.#hub;
    hub?.life.after(this.#random.between(500, 1_500), () => {
      if (!this.down) hub.onReady();
    });
  }

  loseEverything(): void {
    this.#streams.clear();
  }

  /** Hands a host something that was once published for it, or for another. */
  replay(host: string): void {
    const all = [...this.#past.entries()];
    const [, envelopes] = this.#random.chance(0.8)
      ? [host, this.#past.get(host) ?? []]
      : (this.#random.pick(all) ?? [host, []]);
    const envelope = this.#random.pick(envelopes);
    if (envelope !== undefined)
      for (let times = this.#random.between(1, 3); times > 0; times -= 1) this.#push(host, envelope);
  }

  /** Hands a host bytes that nobody published. */
  forge(host: string, envelope: Uint8Array): void {
    this.#push(host, envelope);
  }

  /** The hub's end. */
  async connectHub(life: Life, events: Parameters<PublisherParts['connect']>[0]): Promise<BrokerConnection> {
    await life.later(this.#random.between(2, 20));
    if (this.down) throw unreachable('connect');
    this.#hub = { life, ...events };
    const ask = async <T>(work: () => T): Promise<T> => {
      life.boundary();
      await life.later(this.#random.between(1, 10));
      if (this.down) {
        await life.later(REQUEST_MS);
        throw unreachable('ask');
      }
      const answer = work();
      life.boundary();
      await life.later(this.#random.between(1, 10));
      return answer;
    };
    return {
      ensureStreams: () => ask(() => Object.values(STREAMS).forEach((stream) => void this.#stream(stream))),
      publish: (subject, payload) => ask(() => this.#publish(subject, payload)),
      last: (stream, subject) => ask(() => this.#stream(stream).get(subject)),
      subjects: (stream) => ask(() => new Set(this.#stream(stream).keys())),
      remove: (stream, subject) => ask(() => void this.#stream(stream).delete(subject)),
      close: async () => undefined,
    };
  }

  /** A host's end. */
  async connectHost(life: Life, road: Road, target: BrokerTarget): Promise<HostConnection> {
    life.boundary();
    await life.later(this.#random.between(5, 50));
    if (this.down || road.brokerCut || road.brokerSilent) {
      if (road.brokerSilent) await life.later(10_000);
      throw unreachable('connect');
    }
    const ended = Promise.withResolvers<string>();
    const subscriber: Subscriber = {
      host: target.host,
      life,
      road,
      target,
      end: (reason) => {
        this.#subscribers.delete(subscriber);
        life.after(1, () => ended.resolve(reason));
      },
    };
    this.#subscribers.add(subscriber);
    return {
      assignment: async () => {
        const stored = await this.#get(subscriber, STREAMS.assignments, assignmentSubject(target.host));
        return this.distort === undefined ? stored : this.distort(target.host, stored);
      },
      object: (object) => this.#get(subscriber, STREAMS.objects, objectSubject(object)),
      ended: ended.promise,
      close: async () => subscriber.end('it was closed'),
    };
  }

  /** The line of a host is cut, or its other end vanished without a word. */
  cut(road: Road): void {
    for (const subscriber of [...this.#subscribers]) if (subscriber.road === road) subscriber.end('the line was cut');
  }

  silence(road: Road): void {
    for (const subscriber of [...this.#subscribers]) {
      if (subscriber.road !== road) continue;
      subscriber.life.after(VANISHED_MS, () => {
        if (road.brokerSilent) subscriber.end('it answers no pings');
      });
    }
  }

  async #get({ life, road, host }: Subscriber, stream: string, subject: string): Promise<Uint8Array | undefined> {
    life.boundary();
    await life.later(this.#random.between(1, 15));
    if (this.down || road.brokerCut || road.brokerSilent) {
      await life.later(REQUEST_MS);
      throw unreachable(`read for ${host}`);
    }
    const found = this.#streams.get(stream)?.get(subject);
    await life.later(this.#random.between(1, 15));
    return found;
  }

  #publish(subject: string, payload: Uint8Array): void {
    const name = subject.startsWith(OBJECTS) ? STREAMS.objects : STREAMS.assignments;
    this.#stream(name).set(subject, payload);
    this.#history.add({ kind: 'said', host: '', where: 'broker', text: Buffer.from(payload).toString('latin1') });
    if (name === STREAMS.objects) return;
    const host = subject.slice(assignmentSubject('').length);
    const past = this.#past.get(host) ?? [];
    this.#past.set(host, [...past, payload].slice(-REMEMBERED));
    this.#push(host, payload);
  }

  #push(host: string, envelope: Uint8Array): void {
    for (const { life, road, target, host: own } of this.#subscribers) {
      if (own !== host) continue;
      const slow = this.#random.chance(0.05) ? this.#random.between(500, 20_000) : 0;
      life.after(this.#random.between(1, 15) + slow, () => {
        if (!this.down && !road.brokerCut && !road.brokerSilent) target.onPush(envelope);
      });
    }
  }

  #stream(name: string): Map<string, Uint8Array> {
    const there = this.#streams.get(name) ?? new Map<string, Uint8Array>();
    this.#streams.set(name, there);
    return there;
  }
}

const OBJECTS = OBJECT_SUBJECTS.replace('*', '');

function unreachable(what: string): MooringError {
  return new MooringError(
    'BROKER_UNREACHABLE',
    `Cannot ${what}: the broker does not answer; one that answers is wanted`,
  );
}
