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
}

interface Counter {
  bytes: number;
  failure: MooringError | undefined;
}

/** Redirects that are followed within one server: http to https, a missing ".git". */
const MAX_REDIRECTS = 3;

/**
 * Transport for the Git library: counts bytes over all requests, obeys one deadline, follows no redirect to another host and sends nothing
 * but the headers it is given. Throws SOURCE_REDIRECT, SOURCE_TOO_LARGE, SOURCE_TIMEOUT or SOURCE_UNREACHABLE.
 */
export function boundedHttp(limits: HttpLimits): BoundedHttp {
  const counter: Counter = { bytes: 0, failure: undefined };
  return {
    throwFailure() {
      if (counter.failure !== undefined) throw counter.failure;
    },
    async request(request) {
      const body = request.body === undefined ? null : await collect(request.body);
      const response = await follow(request, body, limits.signal);
      return {
        url: response.url,
        method: request.method ?? 'GET',
        headers: Object.fromEntries(response.headers),
        body: counted(response, counter, limits),
        statusCode: response.status,
        statusMessage: response.statusText,
      };
    },
  };
}

async function follow(
  request: GitRequest,
  body: Uint8Array<ArrayBuffer> | null,
  signal: AbortSignal,
): Promise<Response> {
  let url = new URL(request.url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    const response = await send(url, { request, body, signal });
    const target = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || target === null) return response;
    await response.body?.cancel();
    url = checkRedirect(url, target);
  }
  throw new MooringError(
    'SOURCE_REDIRECT',
    `Cannot ask ${url.origin}: it redirects more than ${MAX_REDIRECTS} times; the final URL is wanted`,
  );
}

async function send(
  url: URL,
  { request, body, signal }: { request: GitRequest; body: Uint8Array<ArrayBuffer> | null; signal: AbortSignal },
): Promise<Response> {
  const options = {
    method: request.method ?? 'GET',
    headers: { ...request.headers },
    body,
    redirect: 'manual',
    signal,
  } as const;
  // A connection kept open from the last poll may have been closed by the server meanwhile: a question is asked once more.
  const again = (cause: unknown): Promise<Response> =>
    body === null && !signal.aborted ? fetch(url, options) : Promise.reject(cause);
  try {
    return await fetch(url, options).catch(again);
  } catch (cause) {
    throw transportError(url.origin, signal, cause);
  }
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

async function* counted(response: Response, counter: Counter, limits: HttpLimits): AsyncIterableIterator<Uint8Array> {
  if (response.body === null) return;
  const origin = new URL(response.url).origin;
  try {
    for await (const chunk of response.body) {
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
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const reason = inner instanceof Error ? inner.message || inner.name : String(inner);
  return new MooringError(
    'SOURCE_UNREACHABLE',
    `Cannot reach ${origin}: ${reason}; an answer of a Git server is wanted`,
    { cause },
  );
}

async function collect(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}
