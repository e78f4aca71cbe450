import {
  type ClientHttp2Session,
  type ClientSessionOptions,
  connect as connectHttp2,
  constants,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect as connectNet, type Socket } from 'node:net';
import { join } from 'node:path';

/** Milliseconds until a call that nobody answers is given up; the hub's own longest deadline is shorter. */
const PATIENCE_MS = 45_000;
/** What is said of a call that nobody ends. */
const SILENCE = 'nothing answers';
const PREFIX_BYTES = 5;

/** How one call is made. */
export interface WireCall {
  /** `mooring.v1.FleetService/GetHub`. */
  readonly method: string;
  /** What is written after the headers, as it is. */
  readonly body?: readonly Uint8Array[];
  readonly headers?: Readonly<Record<string, string>>;
  /** False: the caller says that more is to come, and then nothing. */
  readonly end?: boolean;
  /** False: nothing of the answer is read until the hub gives up. */
  readonly read?: boolean;
}

/** A gRPC client that says what it is told to, right or wrong. */
export class Wire {
  readonly session: ClientHttp2Session;
  readonly #closed: Promise<void>;
  #failure = '';

  constructor(session: ClientHttp2Session) {
    this.session = session;
    this.session.on('error', (error) => {
      this.#failure = error.message;
    });
    this.#closed = new Promise((resolve) => session.once('close', () => resolve()));
  }

  /** Over the network, with a certificate. */
  static tls(port: number, options: SecureClientSessionOptions & ClientSessionOptions): Wire {
    return new Wire(
      connectHttp2(`https://127.0.0.1:${port}`, {
        servername: 'hub',
        checkServerIdentity: () => undefined,
        ...options,
      }),
    );
  }

  /** Over the hub's socket, as its owner. */
  static socket(data: string, options: ClientSessionOptions = {}): Wire {
    const createConnection = (): Socket => connectNet(join(data, 'hub.sock'));
    return new Wire(connectHttp2('http://localhost', { ...options, createConnection }));
  }

  /** Resolves when the other side has closed the connection, with the milliseconds that took. */
  async closed(): Promise<number> {
    const begun = performance.now();
    await Promise.race([this.#closed, after(PATIENCE_MS, 'the connection stays open')]);
    return performance.now() - begun;
  }

  /** Makes a call and returns how it ended: `grpc-status N message`, `HTTP N`, or that the connection or stream was closed. */
  async call({ method, body = [], headers = {}, end = true, read = true }: WireCall): Promise<string> {
    try {
      const stream = this.session.request({
        ':method': 'POST',
        ':path': `/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      });
      const said = { status: '', http: 0 };
      let failure = '';
      // A stream that this side leaves open closes for nobody: the status is the end of the call.
      const ended = new Promise<void>((resolve) => {
        const listen = (found: Readonly<Record<string, unknown>>) => {
          if (found[':status'] !== undefined) said.http = Number(found[':status']);
          const status = found['grpc-status'];
          if (status === undefined) return;
          said.status = `grpc-status ${status} ${decodeURIComponent(String(found['grpc-message'] ?? ''))}`;
          resolve();
        };
        stream.on('response', listen);
        stream.on('trailers', listen);
        stream.on('error', (error) => {
          failure = error.message;
        });
        stream.once('close', () => resolve());
      });
      for (const part of body) stream.write(part);
      if (end) stream.end();
      if (read) stream.resume();
      await Promise.race([ended, after(PATIENCE_MS, SILENCE)]);
      if (said.status !== '') return said.status;
      if (said.http !== 0 && said.http !== 200) return `HTTP ${said.http}`;
      return `stream closed ${failure || this.#failure}`.trim();
    } catch (error) {
      if (error instanceof Error && error.message.startsWith(SILENCE)) return error.message;
      return `connection closed ${this.#failure || (error instanceof Error ? error.message : String(error))}`;
    }
  }

  close(): void {
    this.session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }
}

/** A message behind its prefix, as gRPC frames it. */
export function framed(message: Uint8Array, { compressed = false, length = message.byteLength } = {}): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt8(compressed ? 1 : 0);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

function after(ms: number, what: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms).unref();
  });
}
