import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { MooringError } from '@mooring/proto';

/** One request as the Git library asks for it. */
export interface GitRequest {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array> | undefined;
}

/** Its answer. */
export interface GitAnswer {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: AsyncIterableIterator<Uint8Array>;
  readonly statusCode: number;
  readonly statusMessage: string;
}

/** What bounds a conversation with a server. */
export interface HttpLimits {
  /** Bytes of all answers together. */
  readonly maxBytes: number;
  /** Ends every request when it is aborted. */
  readonly signal: AbortSignal;
}

/** A conversation with a server. */
export interface BoundedHttp {
  request(request: GitRequest): Promise<GitAnswer>;
  /** Throws what cut an answer short: the Git library takes that for the answer's end and goes on. */
  throwFailure(): void;
  /** Lets go of answers that nobody read to their end. */
  close(): void;
}

interface Counter {
  bytes: number;
  failure: MooringError | undefined;
}

/** An answer that has begun, and who gave it. */
interface Answered {
  readonly url: URL;
  readonly response: IncomingMessage;
}

/** Redirects that are followed within one server: http to https, a missing ".git". */
const MAX_REDIRECTS = 3;

/**
 * Transport for the Git library: counts bytes over all requests, obeys one deadline, follows no redirect to another host and sends nothing
 * but the headers it is given. Throws SOURCE_REDIRECT, SOURCE_TOO_LARGE, SOURCE_TIMEOUT or SOURCE_UNREACHABLE.
 *
 * Over node:http and not `fetch`, whose parser is a WebAssembly module: a hub that polls would hold 16 MB for it.
 */
export function boundedHttp(limits: HttpLimits): BoundedHttp {
  const counter: Counter = { bytes: 0, failure: undefined };
  const responses: IncomingMessage[] = [];
  return {
    throwFailure() {
      if (counter.failure !== undefined) throw counter.failure;
    },
    close() {
      for (const response of responses) response.destroy();
    },
    async request(request) {
      const body = request.body === undefined ? undefined : await collect(request.body);
      const { url, response } = await follow(request, body, limits.signal);
      responses.push(response);
      return {
        url: url.href,
        method: request.method ?? 'GET',
        headers: flat(response.headers),
        body: counted({ url, response }, counter, limits),
        statusCode: response.statusCode ?? 0,
        statusMessage: response.statusMessage ?? '',
      };
    },
  };
}

async function follow(request: GitRequest, body: Uint8Array | undefined, signal: AbortSignal): Promise<Answered> {
  let url = new URL(request.url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await send(url, { request, body, signal });
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) return { url, response };
    response.destroy();
    url = checkRedirect(url, headers.location);
  }
  throw new MooringError(
    'SOURCE_REDIRECT',
    `Cannot ask ${url.origin}: it redirects more than ${MAX_REDIRECTS} times; the final URL is wanted`,
  );
}

/** What goes to a server. */
interface Sent {
  readonly request: GitRequest;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

async function send(url: URL, sent: Sent): Promise<IncomingMessage> {
  // A connection kept open from the last poll may have been closed by the server meanwhile: a question is asked once more.
  const again = (cause: unknown): Promise<IncomingMessage> =>
    sent.body === undefined && !sent.signal.aborted ? sendOnce(url, sent) : Promise.reject(cause);
  try {
    return await sendOnce(url, sent).catch(again);
  } catch (cause) {
    throw transportError(url.origin, sent.signal, cause);
  }
}

function sendOnce(url: URL, { request, body, signal }: Sent): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const start = url.protocol === 'https:' ? requestHttps : requestHttp;
  // Packs are compressed already, and bytes are counted as they come.
  const headers = { 'accept-encoding': 'identity', ...request.headers };
  // Who asks is said by the headers alone, never by the URL.
  const options = { ...urlToHttpOptions(url), auth: null, method: request.method ?? 'GET', headers, signal };
  // An error after the answer has begun is the answer's as well, which is read with it.
  start(options, resolve).on('error', reject).end(body);
  return promise;
}

/** Only the same host, and never from https down to http: a token must not travel further than it was meant to. */
function checkRedirect(from: URL, target: string): URL {
  const to = URL.parse(target, from.href);
  const upgrade = to !== null && from.protocol === 'http:' && to.protocol === 'https:' && to.hostname === from.hostname;
  if (to !== null && (to.origin === from.origin || upgrade) && to.username === '' && to.password === '') return to;
  throw new MooringError(
    'SOURCE_REDIRECT',
    `Cannot ask ${from.origin}: it redirects to ${to?.origin ?? 'something that is not a URL'}; no redirect to another host is followed`,
    { hint: 'Name the final URL with --repo.' },
  );
}

async function* counted(
  { url: { origin }, response }: Answered,
  counter: Counter,
  limits: HttpLimits,
): AsyncIterableIterator<Uint8Array> {
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      counter.bytes += chunk.byteLength;
      if (counter.bytes > limits.maxBytes) {
        throw new MooringError(
          'SOURCE_TOO_LARGE',
          `Cannot read from ${origin}: it sent more than ${limits.maxBytes} bytes; a smaller repository is wanted`,
        );
      }
      yield chunk;
    }
  } catch (cause) {
    counter.failure = cause instanceof MooringError ? cause : transportError(origin, limits.signal, cause);
    throw counter.failure;
  }
}

function transportError(origin: string, signal: AbortSignal, cause: unknown): MooringError {
  if (signal.aborted) {
    return new MooringError(
      'SOURCE_TIMEOUT',
      `Cannot read from ${origin}: it took too long; an answer within the time limit is wanted`,
      { cause },
    );
  }
  // Where a name has several addresses, the message of all failures together is empty.
  const inner = cause instanceof AggregateError ? cause.errors.at(-1) : cause;
  const reason = inner instanceof Error ? inner.message || inner.name : String(inner);
  return new MooringError(
    'SOURCE_UNREACHABLE',
    `Cannot reach ${origin}: ${reason}; an answer of a Git server is wanted`,
    { cause },
  );
}

/** Headers that came several times, joined as HTTP says. */
function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

async function collect(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
