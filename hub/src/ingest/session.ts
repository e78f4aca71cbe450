import { randomUUID } from 'node:crypto';
import {
  type ConnectRequest,
  type ConnectResponse,
  type Event,
  type Hello,
  type HostState,
  MooringError,
  type Report,
} from '@mooring/proto';
import { TokenBuckets } from '../grpc/token-bucket.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import { checkedEvents } from './checked-events.ts';
import { checkedReport } from './checked-report.ts';
import { invalid } from './checks.ts';
import { heartbeatInterval } from './pace.ts';
import type { IngestParts } from './parts.ts';
import type { Connection } from './presence.ts';
import { ReportOrder } from './report-order.ts';

/** Heartbeats that may come at once, after a pause of the network. */
const HEARTBEAT_BURST = 20;
/** Times that a host may beat as often as it was asked to. */
const HEARTBEAT_TOLERANCE = 4;
/** Milliseconds within which a full report that was asked for is wanted. */
const RESEND_DEADLINE_MS = 30_000;

/** What a session relies on. */
export interface SessionParts extends IngestParts {
  readonly connection: Connection;
  readonly hello: Hello;
  readonly send: (message: ConnectResponse) => void;
  /** A report is stored. */
  readonly onReported: () => void;
}

/** What one stream says after its hello, one message after the other: the next is read when this one is stored. */
export class Session {
  readonly #parts: SessionParts;
  readonly #order = new ReportOrder();
  readonly #heartbeats: TokenBuckets;
  readonly #timers: Timers;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
    const perSecond = (HEARTBEAT_TOLERANCE * 1000) / parts.heartbeatMs;
    this.#heartbeats = new TokenBuckets({ burst: HEARTBEAT_BURST, perSecond });
  }

  /** Throws what ends the stream. */
  async take({ message }: ConnectRequest): Promise<void> {
    const { connection } = this.#parts;
    // What an older stream still says must not be taken for the word of the newer one.
    if (!connection.isCurrent()) return;
    connection.seen(this.#interval());
    switch (message?.$case) {
      case 'heartbeat':
        return this.#heartbeat(message.value.sequence);
      case 'report':
        return this.#report(checkedReport(message.value));
      case 'events':
        return this.#events(checkedEvents(message.value.events));
      case 'hello':
        throw invalid('stream', 'it says hello twice; once is wanted');
      case undefined:
        throw invalid('stream', 'a message is of a kind that this version does not know; one of its own is wanted');
    }
  }

  #heartbeat(sequence: bigint): void {
    const { hello, newest, send } = this.#parts;
    if (!this.#heartbeats.take(hello.host, this.#timers.monotonicMs())) {
      const message = `Cannot serve host ${hello.host}: its heartbeats come too fast; one per ${this.#interval()} ms is wanted`;
      throw new MooringError('RATE_LIMITED', message);
    }
    const assignment = newest(hello.host);
    const value = {
      sequence,
      heartbeatIntervalMs: this.#interval(),
      newestGeneration: assignment?.generation ?? 0n,
      newestDigest: assignment?.digest ?? '',
    };
    send({ message: { $case: 'pace', value } });
  }

  async #report(report: Report): Promise<void> {
    const { store, connection, clock, hello, send, onHostChanged, onReported } = this.#parts;
    const verdict = this.#order.judge(report, this.#timers.monotonicMs());
    if (verdict === 'ask-for-full') send(resendRequest());
    if (verdict !== 'store') return;
    await store.putReport({
      host: hello.host,
      full: report.full,
      hostState: report.host,
      stacks: report.stacks,
      goneStacks: report.goneStacks,
      reportedAtMs: clock(),
    });
    connection.reported();
    onReported();
    send({ message: { $case: 'report', value: { sequence: report.sequence } } });
    onHostChanged(hello.host);
    if (report.host !== undefined) this.#standing(report.host);
  }

  /** What becomes of a host that cannot take its newest assignment. */
  #standing({ refusal, acceptedGeneration, acceptedDigest }: HostState): void {
    const { hello, newest, onRefusedAsFuture, onOtherAccepted } = this.#parts;
    if (refusal?.code === 'ASSIGNMENT_FUTURE') onRefusedAsFuture(hello.host);
    const { generation, digest } = newest(hello.host) ?? { generation: 0n, digest: '' };
    if (acceptedDigest !== '' && acceptedGeneration === generation && acceptedDigest !== digest)
      onOtherAccepted(hello.host, generation);
  }

  async #events(events: readonly Event[]): Promise<void> {
    const { store, hello, send, onEvents } = this.#parts;
    const fresh = await store.addEvents(hello.host, hello.outboxId, events);
    const sequence = store.storedSequence(hello.host, hello.outboxId);
    send({ message: { $case: 'events', value: { sequence } } });
    if (fresh.length > 0) onEvents(fresh);
  }

  #interval(): number {
    return heartbeatInterval(this.#parts.heartbeatMs, this.#parts.presence.onlineCount());
  }
}

/** The question that mends a gap; its answer is the report itself. */
function resendRequest(): ConnectResponse {
  const question = { $case: 'resend', value: {} } as const;
  return {
    message: { $case: 'request', value: { id: randomUUID(), deadlineMs: RESEND_DEADLINE_MS, question } },
  };
}
