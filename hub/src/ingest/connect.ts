import { type ConnectRequest, type ConnectResponse, type Hello, MooringError, Severity } from '@mooring/proto';
import type { CallContext } from '../grpc/handlers.ts';
import { ABORTED, untilAborted } from '../grpc/until-aborted.ts';
import { MACHINE_TIMERS } from '../timers.ts';
import type { Admission, Place } from './admission.ts';
import { BoundedQueue } from './bounded-queue.ts';
import { checkedHello } from './checked-hello.ts';
import { invalid } from './checks.ts';
import { heartbeatInterval } from './pace.ts';
import type { IngestParts } from './parts.ts';
import type { Connection } from './presence.ts';
import type { SecurityLog } from './security-log.ts';
import { Session } from './session.ts';

/** Milliseconds within which a stream says who it is: honest agents do so at once. */
const HELLO_MS = 10_000;
/** Messages that may wait for an agent: it answers none of them, so a reader that is this far behind is stuck. */
const MAX_OUTGOING = 256;

/** What streams share beside the parts. */
type Shared = IngestParts & { readonly security: SecurityLog; readonly admission: Admission };

/** Serves one stream of one agent, until either side ends it or a newer stream of the host takes its place. */
export async function* connect(
  parts: Shared,
  requests: AsyncIterable<ConnectRequest>,
  context: CallContext,
): AsyncGenerator<ConnectResponse, void, undefined> {
  // Nothing of a stream that has no place is read.
  const place = parts.admission.enter(context.caller.name);
  try {
    yield* converse(parts, requests, { ...context, place });
  } finally {
    place.leave();
  }
}

async function* converse(
  parts: Shared,
  requests: AsyncIterable<ConnectRequest>,
  context: CallContext & { readonly place: Place },
): AsyncGenerator<ConnectResponse, void, undefined> {
  const iterator = requests[Symbol.asyncIterator]();
  const ended = new AbortController();
  const { signal } = ended;
  const outgoing = new BoundedQueue<ConnectResponse>(MAX_OUTGOING);
  signal.addEventListener('abort', () => outgoing.end(), { once: true });
  // One signal for both ends. AbortSignal.any would leave the collector something to look after for each of thousands that come at once.
  const abort = () => ended.abort();
  if (context.signal.aborted) abort();
  context.signal.addEventListener('abort', abort, { once: true });
  let connection: Connection | undefined;
  try {
    const hello = await readHello(parts, iterator, { caller: context.caller, signal });
    if (hello === undefined) return;
    await parts.onHello(hello);
    connection = await arrive(parts, hello, { outgoing, supersede: () => ended.abort() });
    outgoing.push(welcome(parts, hello));
    const { place } = context;
    place.welcomed();
    const send = (message: ConnectResponse) => outgoing.push(message);
    const session = new Session({ ...parts, connection, hello, send, onReported: () => place.leave() });
    // Its failures end the queue, and so the stream.
    void readAll(session, iterator, { signal, outgoing, onRefused: (error) => refused(parts, hello.host, error) });
    yield* outgoing;
  } finally {
    context.signal.removeEventListener('abort', abort);
    abort();
    connection?.close();
    iterator.return?.().catch(parts.onError);
  }
}

interface Stream {
  readonly signal: AbortSignal;
  readonly outgoing: BoundedQueue<ConnectResponse>;
  readonly onRefused: (error: unknown) => Promise<void>;
}

async function readAll(session: Session, iterator: AsyncIterator<ConnectRequest>, stream: Stream): Promise<void> {
  const { signal, outgoing, onRefused } = stream;
  try {
    for (;;) {
      const next = await untilAborted(iterator.next(), signal);
      if (next === ABORTED || next.done === true) break;
      await session.take(next.value);
    }
    outgoing.end();
  } catch (error) {
    outgoing.end(error);
    await onRefused(error);
  }
}

/** A host whose messages are refused cannot be seen otherwise: it never gets as far as a report. */
async function refused(parts: Shared, host: string, error: unknown): Promise<void> {
  if (!(error instanceof MooringError) || error.code !== 'INVALID_ARGUMENT') return;
  const { code, message } = error;
  const severity = Severity.SEVERITY_WARNING;
  await parts.security.tell({ host, kind: 'message.refused', code, message, severity }).catch(parts.onError);
}

async function readHello(
  parts: Shared,
  iterator: AsyncIterator<ConnectRequest>,
  { caller, signal }: CallContext,
): Promise<Hello | undefined> {
  const late = Promise.withResolvers<typeof ABORTED>();
  const cancel = (parts.timers ?? MACHINE_TIMERS).after(HELLO_MS, () => late.resolve(ABORTED));
  const first = await Promise.race([untilAborted(iterator.next(), signal), late.promise]).finally(cancel);
  if (first === ABORTED) {
    if (signal.aborted) return undefined;
    throw new MooringError(
      'TIMED_OUT',
      `Cannot connect host ${caller.name}: it said nothing for ${HELLO_MS} ms; a hello is wanted`,
    );
  }
  if (first.done === true) return undefined;
  const { message } = first.value;
  if (message?.$case !== 'hello')
    throw invalid('stream', `its first message is ${message?.$case ?? 'empty'}; a hello is wanted`);
  try {
    return checkedHello(message.value, caller.name);
  } catch (error) {
    if (error instanceof MooringError && error.code === 'ID_MISMATCH') {
      await parts.security.tell({
        host: caller.name,
        kind: 'identity.mismatch',
        code: error.code,
        message: error.message,
      });
    }
    throw error;
  }
}

async function arrive(
  parts: Shared,
  hello: Hello,
  stream: { readonly outgoing: BoundedQueue<ConnectResponse>; readonly supersede: () => void },
): Promise<Connection> {
  const { host, bootId, machineId, questions, agentVersion } = hello;
  const send = (message: ConnectResponse) => stream.outgoing.push(message);
  const arrival = { host, bootId, machineId, questions, send, supersede: stream.supersede };
  const { connection, cloned } = parts.presence.open(arrival, intervalOf(parts));
  if (cloned) {
    const message = `Two machines speak as host ${host}: its keys were copied`;
    await parts.security.tell({ host, kind: 'identity.cloned', code: 'ID_MISMATCH', message });
  }
  if (parts.store.host(host)?.agentVersion !== agentVersion) await parts.store.updateHost(host, { agentVersion });
  return connection;
}

function welcome(parts: IngestParts, { host, outboxId }: Hello): ConnectResponse {
  const newest = parts.newest(host);
  const value = {
    heartbeatIntervalMs: intervalOf(parts),
    hubTimeMs: BigInt(parts.clock()),
    newestGeneration: newest?.generation ?? 0n,
    newestDigest: newest?.digest ?? '',
    storedEventSequence: parts.store.storedSequence(host, outboxId),
    natsUrls: [...parts.natsUrls()],
    labels: Object.entries(parts.store.host(host)?.labels ?? {}).map(([name, value]) => ({ name, value })),
    labelsTold: true,
  };
  return { message: { $case: 'welcome', value } };
}

function intervalOf({ heartbeatMs, presence }: IngestParts): number {
  return heartbeatInterval(heartbeatMs, presence.onlineCount());
}
