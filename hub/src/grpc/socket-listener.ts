import { once } from 'node:events';
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { MooringError } from '@mooring/proto';
import { MAX_CONNECTIONS_PER_CERTIFICATE } from './limits.ts';

/** Mode of the socket: who may open it is an admin of the fleet. */
const SOCKET_MODE = 0o600;
/** Mask under which it is made, so that it never exists with other rights. */
const SOCKET_UMASK = 0o177;
/** Bytes of a Unix socket's path (sun_path, unix(7)). */
const MAX_PATH_BYTES = 107;

/** A Unix socket that listens. */
export interface SocketListener {
  close(): Promise<void>;
}

/** Listens on a Unix socket that only its owner can open. A socket that nobody answers on is replaced. Throws LISTEN_FAILED. */
export async function listenSocket(path: string, onConnection: (connection: Socket) => void): Promise<SocketListener> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw refusal(path, `the path has ${Buffer.byteLength(path)} bytes; at most ${MAX_PATH_BYTES} are wanted`);
  }
  await removeStale(path);
  const server = createServer((socket) => {
    // A connection that breaks is ordinary; whoever uses it sees it close.
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.maxConnections = MAX_CONNECTIONS_PER_CERTIFICATE;
  await listen(server, path);
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

async function listen(server: Server, path: string): Promise<void> {
  const umask = process.umask(SOCKET_UMASK);
  try {
    // The socket file is made within this call, under the mask.
    server.listen(path);
  } finally {
    process.umask(umask);
  }
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it failed';
    throw refusal(path, `${reason}; a folder of this user is wanted`, cause);
  }
  chmodSync(path, SOCKET_MODE);
}

async function removeStale(path: string): Promise<void> {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present === undefined) return;
  if (!present.isSocket()) throw refusal(path, 'another file is there; a free path is wanted');
  if (await answers(path)) throw refusal(path, 'another hub listens there; one hub per folder is wanted');
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) =>
      resolve('code' in error && error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}

function refusal(path: string, what: string, cause?: unknown): MooringError {
  return new MooringError('LISTEN_FAILED', `Cannot listen on ${path}: ${what}`, {
    place: { file: path },
    cause,
  });
}
