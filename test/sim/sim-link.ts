import type { Conversation, HubLink } from '@mooring/agent/fakes';
import { BoundedQueue, type Caller, type Stages } from '@mooring/hub/fakes';
import {
  type AnswerRequest,
  type ConnectRequest,
  type ConnectResponse,
  MooringError,
  ConnectRequest as Request,
} from '@mooring/proto';
import type { History } from './history.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { Road } from './road.ts';

/** Milliseconds as at the edge to a real hub: for a connection, for one question and its answer, and until a silent peer is noticed. */
const CONNECT_MS = 10_000;
const UNARY_MS = 30_000;
const SILENT_MS = 30_000;
/** Messages on their way in one direction. */
const MAX_ON_THE_WAY = 10_000;

/** The hub that runs at the moment. */
export interface RunningHub {
  readonly life: Life;
  readonly stages: Stages;
}

/** What a host's way to the hub is made of. */
export interface SimLinkParts {
  readonly life: Life;
  readonly road: Road;
  readonly host: string;
  readonly identityId: string;
  /** The name of the host, or of its copy, in history. */
  readonly named: string;
  /** Undefined: it is down. */
  readonly hub: () => RunningHub | undefined;
  readonly random: Random;
  readonly history: History;
}

/** Opens a channel from a host to the hub. Throws HUB_UNREACHABLE. */
export async function openSimLink(parts: SimLinkParts): Promise<HubLink> {
  const { life, road, random } = parts;
  life.boundary();
  await life.later(random.between(5, 60));
  const hub = parts.hub();
  if (hub === undefined || road.hubCut) throw unreachable('connection refused');
  if (road.hubSilent) {
    await life.later(CONNECT_MS);
    throw unreachable('no connection within 10 s');
  }
  return new SimLink(parts, hub);
}

class SimLink implements HubLink {
  readonly address = 'hub:7443';
  readonly #parts: SimLinkParts;
  readonly #hub: RunningHub;
  readonly #streams = new Set<Stream>();

  constructor(parts: SimLinkParts, hub: RunningHub) {
    this.#parts = parts;
    this.#hub = hub;
  }

  converse(): Conversation {
    const stream = new Stream(this.#parts, this.#hub);
    this.#streams.add(stream);
    return stream;
  }

  fetchAssignment: HubLink['fetchAssignment'] = () =>
    this.#ask((context) => this.#hub.stages.ingest.fetchAssignment({}, context));

  fetchObject: HubLink['fetchObject'] = (object) =>
    this.#ask(async (context) => {
      const pieces: Uint8Array[] = [];
      for await (const { data } of this.#hub.stages.ingest.fetchObject({ object }, context)) pieces.push(data);
      return Buffer.concat(pieces);
    });

  answer: HubLink['answer'] = async (parts) => {
    const said: AnswerRequest[] = [];
    for await (const part of parts) said.push(part);
    await this.#ask((context) => this.#hub.stages.ingest.answer(each(said), context));
  };

  renew: HubLink['renew'] = () => Promise.reject(unreachable('certificates outlive a simulation'));
  askBack: HubLink['askBack'] = () => Promise.reject(unreachable('hosts are in every backup'));
  leave: HubLink['leave'] = () => Promise.reject(unreachable('nobody leaves'));

  close(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** One question and its answer: each may be lost on its way. */
  #ask<T>(work: (context: { caller: Caller; signal: AbortSignal }) => Promise<T>): Promise<T> {
    const { life, road, random, hub } = this.#parts;
    life.boundary();
    const answer = Promise.withResolvers<T>();
    const giveUp = life.after(UNARY_MS, () =>
      answer.reject(new MooringError('TIMED_OUT', 'Cannot ask: no answer; one')),
    );
    const passes = () => hub() === this.#hub && !road.hubCut && !road.hubSilent;
    const back = (settle: () => void) =>
      this.#hub.life.after(random.between(1, road.slowMs), () => {
        if (!passes()) return;
        life.after(0, () => {
          giveUp();
          settle();
        });
      });
    life.after(random.between(1, road.slowMs), () => {
      if (!passes()) return;
      work({ caller: callerOf(this.#parts), signal: this.#hub.life.signal }).then(
        (value) => back(() => answer.resolve(value)),
        (error) => back(() => answer.reject(error)),
      );
    });
    return answer.promise;
  }
}

async function* each<T>(all: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* all;
}

function callerOf({ host, identityId }: SimLinkParts): Caller {
  return { kind: 'agent', name: host, role: 'agent', identityId };
}

/** One direction of a stream. */
interface Way {
  /** When what was sent last arrives. */
  freeAtMs: number;
  isLost: boolean;
  readonly waiting: (() => void)[];
}

/** One stream: in order and whole while it lasts; what is on its way when it breaks is lost, or comes long after. */
class Stream implements Conversation {
  readonly #parts: SimLinkParts;
  readonly #hub: RunningHub;
  readonly #up = new BoundedQueue<ConnectRequest>(MAX_ON_THE_WAY);
  readonly #down = new BoundedQueue<ConnectResponse>(MAX_ON_THE_WAY);
  /** The call as the hub sees it. */
  readonly #call = new AbortController();
  readonly #cancelWatch: () => void;
  readonly #upward: Way = { freeAtMs: 0, isLost: false, waiting: [] };
  readonly #downward: Way = { freeAtMs: 0, isLost: false, waiting: [] };
  #broken = false;
  #ended = false;

  constructor(parts: SimLinkParts, hub: RunningHub) {
    this.#parts = parts;
    this.#hub = hub;
    const { life } = parts;
    life.signal.addEventListener('abort', () => this.#break(), { once: true });
    hub.life.signal.addEventListener('abort', () => this.#break(), { once: true });
    this.#cancelWatch = this.#watch();
    void this.#serve();
  }

  get messages(): AsyncIterable<ConnectResponse> {
    return this.#down;
  }

  send(message: ConnectRequest): boolean {
    const { life, named, history } = this.#parts;
    life.boundary();
    if (this.#ended) return true;
    const bytes = Buffer.from(Request.encode(message).finish());
    const kind = message.message?.$case;
    if (kind !== 'heartbeat')
      history.add({ kind: 'said', host: named, where: 'message', text: bytes.toString('latin1') });
    if (message.message?.$case === 'hello')
      history.add({ kind: 'hello', host: named, highWater: message.message.value.highWater });
    this.#travel(this.#upward, () => {
      history.add({ kind: 'heard', host: this.#parts.host, by: named });
      this.#up.push(Request.decode(bytes));
    });
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelWatch();
    this.#down.end(unreachable('the call was cancelled'));
    this.#finishAtHub();
  }

  /** Arrives after what was sent before. What meets a silent line waits for it; what was on its way when the stream broke is lost, or comes long after. */
  #travel(way: Way, arrive: () => void): void {
    const { random, road } = this.#parts;
    const { schedule } = this.#hub.life;
    way.freeAtMs = Math.max(way.freeAtMs, schedule.nowMs + random.between(1, road.slowMs));
    way.waiting.push(arrive);
    schedule.after(way.freeAtMs - schedule.nowMs, () => this.#arriveNext(way));
  }

  #arriveNext(way: Way): void {
    const { random, road, life } = this.#parts;
    const { schedule } = this.#hub.life;
    if (road.hubSilent && !this.#broken) {
      schedule.after(RETRANSMIT_MS, () => this.#arriveNext(way));
      return;
    }
    const arrive = way.waiting.shift();
    if (arrive === undefined || !this.#hub.life.alive) return;
    if (!this.#broken && life.alive) {
      arrive();
      return;
    }
    // What is lost is lost with everything after it.
    if (way.isLost || random.chance(0.5)) {
      way.isLost = true;
      return;
    }
    way.freeAtMs = Math.max(way.freeAtMs, schedule.nowMs) + random.between(1, 10_000);
    schedule.after(way.freeAtMs - schedule.nowMs, () => {
      if (this.#hub.life.alive) arrive();
    });
  }

  async #serve(): Promise<void> {
    const { stages, life } = this.#hub;
    const context = { caller: callerOf(this.#parts), signal: this.#call.signal };
    try {
      for await (const response of stages.ingest.connect(this.#up, context)) {
        if (!life.alive) return;
        this.#travel(this.#downward, () => {
          if (!this.#ended) this.#down.push(response);
        });
      }
      this.#travel(this.#downward, () => this.#down.end());
    } catch (error) {
      this.#travel(this.#downward, () => this.#down.end(error));
    }
  }

  /** Looks whether the line still stands: a cut is felt at once, silence by pings that nobody answers. */
  #watch(): () => void {
    const { road, life } = this.#parts;
    let silentMs = 0;
    const look = () => {
      silentMs = road.hubSilent ? silentMs + LOOK_MS : 0;
      if (road.hubCut || silentMs >= SILENT_MS) return this.#break();
      cancel = life.after(LOOK_MS, look);
    };
    let cancel = life.after(LOOK_MS, look);
    return () => cancel();
  }

  /** The hub may learn of it much later: it reads what is on its way until then. */
  #break(): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#cancelWatch();
    this.#down.end(unreachable('the connection was lost'));
    this.#finishAtHub();
  }

  #finishAtHub(): void {
    const { random } = this.#parts;
    this.#hub.life.after(random.chance(0.7) ? random.between(1, 50) : random.between(1_000, SILENT_MS), () => {
      this.#up.end();
      this.#call.abort();
    });
  }
}

/** Milliseconds until what met a silent line is sent again. */
const RETRANSMIT_MS = 500;
/** Milliseconds between looks at the line. */
const LOOK_MS = 2_000;

function unreachable(why: string): MooringError {
  return new MooringError('HUB_UNREACHABLE', `Cannot reach hub hub:7443: ${why}; a hub that answers there is wanted`);
}
