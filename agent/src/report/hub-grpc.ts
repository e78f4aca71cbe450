import type { Writable } from 'node:stream';
import { type ClientDuplexStream, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  AgentServiceClient,
  type AnswerRequest,
  type AskBackRequest,
  type AskBackResponse,
  type ConnectRequest,
  type ConnectResponse,
  type FetchAssignmentResponse,
  MAX_ENVELOPE_BYTES,
  MooringError,
  type RenewCertificateResponse,
} from '@mooring/proto';
import { hubChannel, problemOf, retryAfterMs } from '../join/hub-channel-grpc.ts';

const KIB = 1024;
/** Milliseconds for a connection to be there, handshakes included. */
const CONNECT_MS = 10_000;
/** Milliseconds for a call that is one question and one answer. */
const UNARY_MS = 30_000;
/** Milliseconds for an object: 16 MiB over a slow line. */
const OBJECT_MS = 300_000;
/** Milliseconds between keepalive pings, and for their answer: a hub that vanished is noticed within 30 s. */
const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/** Who calls: PEM texts. */
export interface HubCredentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The one stream, in plain terms. */
export interface Conversation {
  /** False: the hub is slow; wait for `drained` before sending more. */
  send(message: ConnectRequest): boolean;
  drained(): Promise<void>;
  /** What the hub says, in order; ends when the stream ends, throws why it broke. */
  readonly messages: AsyncIterable<ConnectResponse>;
  end(): void;
}

/** How long an answer may take. */
export interface AnswerOptions {
  /** Milliseconds from now. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/** One live channel to one address of the hub. */
export interface HubLink {
  readonly address: string;
  converse(): Conversation;
  /** The host's newest assignment as the hub has it. */
  fetchAssignment(): Promise<FetchAssignmentResponse>;
  /** An object's sealed bytes, not checked, at most `maxBytes`. Throws OBJECT_TOO_LARGE beyond. */
  fetchObject(object: string, maxBytes: number): Promise<Uint8Array>;
  /** Sends an answer, part by part, on a call of its own; the signal ends it. */
  answer(parts: AsyncIterable<AnswerRequest>, options: AnswerOptions): Promise<void>;
  renew(csr: Buffer): Promise<RenewCertificateResponse>;
  /** Asks a hub that does not remember this host to let it in again. */
  askBack(request: AskBackRequest): Promise<AskBackResponse>;
  leave(): Promise<void>;
  close(): void;
}

/** Opens a channel and waits until it stands. Throws HUB_UNREACHABLE. */
export async function openHubLink(address: string, tls: HubCredentials): Promise<HubLink> {
  const channel = hubChannel(address, tls);
  const client = new AgentServiceClient(address, channel.credentials, {
    ...channel.options,
    'grpc.max_receive_message_length': MAX_ENVELOPE_BYTES + 64 * KIB,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    // The caller connects again itself, at its own pace.
    'grpc.initial_reconnect_backoff_ms': CONNECT_MS,
  });
  await ready(client, address);
  const streams = new Set<Conversation>();
  return {
    address,
    converse: () => {
      const stream = conversation(client.connect(), address);
      streams.add(stream);
      return stream;
    },
    fetchAssignment: () => unary(address, (...rest) => client.fetchAssignment({}, ...rest)),
    fetchObject: (object, maxBytes) => fetchObject(client, { object, maxBytes, address }),
    answer: (parts, options) => answer(client, { parts, address, ...options }),
    renew: (csr) => unary(address, (...rest) => client.renewCertificate({ csr }, ...rest)),
    askBack: (request) => unary(address, (...rest) => client.askBack(request, ...rest)),
    leave: async () => void (await unary(address, (...rest) => client.leave({}, ...rest))),
    close: () => {
      // Closing a channel leaves its calls alone.
      for (const stream of streams) stream.end();
      client.close();
    },
  };
}

async function ready(client: AgentServiceClient, address: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client.waitForReady(Date.now() + CONNECT_MS, (error) => (error === undefined ? resolve() : reject(error)));
  try {
    await promise;
  } catch (cause) {
    client.close();
    throw unreachable(address, 'no connection within 10 s', cause);
  }
}

function conversation(stream: ClientDuplexStream<ConnectRequest, ConnectResponse>, address: string): Conversation {
  async function* messages(): AsyncGenerator<ConnectResponse> {
    try {
      for await (const message of stream) yield message;
    } catch (error) {
      throw errorOf(error, address);
    }
  }
  return {
    send: (message) => stream.write(message),
    drained: () => drained(stream),
    messages: messages(),
    end: () => stream.cancel(),
  };
}

type Callback<T> = (error: ServiceError | null, response: T) => void;

function unary<T>(
  address: string,
  call: (metadata: Metadata, options: { deadline: number }, callback: Callback<T>) => unknown,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  call(new Metadata(), { deadline: Date.now() + UNARY_MS }, (error, response) => {
    if (error === null) resolve(response);
    else reject(errorOf(error, address));
  });
  return promise;
}

interface ObjectQuestion {
  readonly object: string;
  readonly maxBytes: number;
  readonly address: string;
}

async function fetchObject(
  client: AgentServiceClient,
  { object, maxBytes, address }: ObjectQuestion,
): Promise<Uint8Array> {
  const stream = client.fetchObject({ object }, { deadline: Date.now() + OBJECT_MS });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const { data } of stream) {
      bytes += data.byteLength;
      if (bytes > maxBytes) {
        const message = `Cannot fetch object ${object}: the hub sends more than ${maxBytes} bytes; the announced size is wanted`;
        throw new MooringError('OBJECT_TOO_LARGE', message);
      }
      parts.push(data);
    }
  } catch (error) {
    throw errorOf(error, address);
  } finally {
    stream.on('error', () => undefined);
    stream.cancel();
  }
  return Buffer.concat(parts);
}

interface Answer extends AnswerOptions {
  readonly parts: AsyncIterable<AnswerRequest>;
  readonly address: string;
}

async function answer(client: AgentServiceClient, { parts, address, deadlineMs, signal }: Answer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let ended = false;
  const call = client.answer({ deadline: Date.now() + deadlineMs }, (error) => {
    ended = true;
    if (error === null) resolve();
    else reject(errorOf(error, address));
  });
  const cancel = () => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  const write = async () => {
    for await (const part of parts) {
      if (ended) return;
      if (!call.write(part)) await drained(call);
    }
    call.end();
  };
  try {
    await Promise.all([promise, write()]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

function drained(stream: Pick<Writable, 'once'>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['drain', 'close', 'error']) stream.once(event, () => resolve());
  return promise;
}

function errorOf(error: unknown, address: string): MooringError {
  if (error instanceof MooringError) return error;
  if (!isServiceError(error))
    return unreachable(address, error instanceof Error ? error.message : String(error), error);
  const problem = problemOf(error.metadata);
  if (problem !== undefined) return problem;
  if (error.code === status.DEADLINE_EXCEEDED) {
    return new MooringError('TIMED_OUT', `Cannot ask hub ${address}: no answer in time; one is wanted`, {
      cause: error,
    });
  }
  if (error.code === status.UNIMPLEMENTED) {
    const message = `Cannot ask hub ${address}: it does not know this call; a hub of this version is wanted`;
    return new MooringError('UPGRADE_REQUIRED', message, { cause: error });
  }
  return unreachable(address, error.details, error);
}

function unreachable(address: string, why: string, cause: unknown): MooringError {
  return new MooringError(
    'HUB_UNREACHABLE',
    `Cannot reach hub ${address}: ${why}; a hub that answers there is wanted`,
    {
      hint: 'Run: mooring-agent doctor',
      retryAfterMs: isServiceError(cause) ? retryAfterMs(cause.metadata) : undefined,
      cause,
    },
  );
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && 'metadata' in error;
}
