import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';

/** Bytes of one answer: an engine with thousands of containers stays far below. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;
/** Connections that stay open between questions: as many as are asked at a time. */
const MAX_IDLE_CONNECTIONS = 8;

/** A question that was put to the engine. */
export interface Question<T> {
  readonly answer: Promise<T>;
  /** Nobody waits any more: its connection is closed, and the answer fails. */
  abandon(): void;
}

/**
 * Asks an engine over its socket and takes the answer as it is, over connections that stay open. The client library prints each request for a
 * debugger that is not there, and parses each answer: of a look at many containers that was the greater part.
 */
export class PlainGet {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE_CONNECTIONS });
  readonly #socketPath: string;
  readonly #prefix: string;

  /** `prefix` is the version of the API, such as "/v1.41"; empty: the engine's own. */
  constructor(socketPath: string, prefix: string) {
    this.#socketPath = socketPath;
    this.#prefix = prefix;
  }

  /** The bytes of the answer. Fails with the engine's `statusCode` and `json` where that is not 200, otherwise as the socket does. */
  ask(path: string): Question<Buffer> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const take = (answer: IncomingMessage) => collect(answer, resolve, reject);
    let isAbandoned = false;
    let asked = this.#send(path).on('response', take);
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (isAbandoned || !asked.reusedSocket || error.code !== 'ECONNRESET') return reject(error);
      // The engine closed an idle connection just when it was used again: that says nothing about the question.
      asked = this.#send(path).on('response', take).on('error', reject);
    });
    const abandon = () => {
      isAbandoned = true;
      asked.destroy();
    };
    return { answer: promise, abandon };
  }

  #send(path: string): ClientRequest {
    const options = { agent: this.#agent, socketPath: this.#socketPath, path: `${this.#prefix}${path}` };
    return request({ ...options, headers: HEADERS }).end();
  }
}

// A socket has no host; an HTTP request must name one.
const HEADERS = { Host: 'docker' };

function collect(answer: IncomingMessage, resolve: (bytes: Buffer) => void, reject: (error: Error) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  answer.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    chunks.push(chunk);
    if (size > MAX_ANSWER_BYTES) answer.destroy(new Error(`its answer has more than ${MAX_ANSWER_BYTES} bytes`));
  });
  // A cut answer ends with an error of its own.
  answer.on('error', reject);
  answer.on('end', () => {
    const [first] = chunks;
    const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, size);
    if (answer.statusCode === 200) resolve(bytes);
    else reject(refusal(answer.statusCode ?? 0, bytes.toString()));
  });
}

/** What the engine says instead of an answer. */
function refusal(statusCode: number, said: string): Error {
  return Object.assign(new Error(`HTTP status ${statusCode}: ${said}`), { statusCode, json: messageOf(said) });
}

function messageOf(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    // Not every error of an engine is JSON; then its text is the message.
    return undefined;
  }
}
