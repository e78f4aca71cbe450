import { once } from 'node:events';
import { isIPv6, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { MooringError } from '@mooring/proto';
import type { Connections } from './connections.ts';
import {
  HANDSHAKE_MS,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_CERTIFICATE,
  MAX_HANDSHAKES_PER_ADDRESS,
} from './limits.ts';

/** A connection that never became one. */
export interface TlsFailure {
  readonly address: string;
  /** Of OpenSSL or Node, in its own words. */
  readonly reason: string;
}

/** How a port listens. */
export interface TlsListenOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  readonly certificatePem: string;
  readonly keyPem: string;
  /** The one authority whose client certificates are taken; undefined: none is asked for. */
  readonly clientAuthorityPem?: string | undefined;
  readonly connectionsPerAddress?: number | undefined;
  readonly connections: Connections;
  readonly onConnection: (connection: TLSSocket) => void;
  readonly onTlsError: (failure: TlsFailure) => void;
}

/** What a port proves itself with. */
export type ServerProof = Pick<TlsListenOptions, 'certificatePem' | 'keyPem'>;

/** A port that listens. */
export interface TlsListener {
  readonly port: number;
  /** From now on new connections see this; those that stand go on. */
  prove(proof: ServerProof): void;
  /** Takes no more connections. */
  close(): Promise<void>;
}

/** Listens with TLS 1.3 only, HTTP/2 only, every limit of a handshake set. Throws LISTEN_FAILED. */
export async function listenTls(options: TlsListenOptions): Promise<TlsListener> {
  const { connections } = options;
  const server = createServer(tlsOptions(options));
  server.maxConnections = MAX_CONNECTIONS;
  const handshakes = new Handshakes();
  server.on('connection', (socket: Socket) => handshakes.begin(socket));
  server.on('secureConnection', (socket) => {
    handshakes.finish(socket);
    // A connection that breaks is ordinary; whoever uses it sees it close.
    socket.on('error', () => undefined);
    if (!admit(socket, options)) {
      socket.destroy();
      return;
    }
    connections.add(peerOf(socket), socket);
    options.onConnection(socket);
  });
  server.on('tlsClientError', (error, socket) => {
    options.onTlsError({ address: socket.remoteAddress ?? 'unknown', reason: error.message });
    socket.destroy();
  });
  await listen(server, options);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    prove: (proof) => server.setSecureContext(tlsOptions({ ...options, ...proof })),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function tlsOptions(options: TlsListenOptions): TlsOptions {
  const { certificatePem, keyPem, clientAuthorityPem } = options;
  const server: TlsOptions = {
    cert: certificatePem,
    key: keyPem,
    minVersion: 'TLSv1.3',
    ALPNProtocols: ['h2'],
    handshakeTimeout: HANDSHAKE_MS,
  };
  if (clientAuthorityPem === undefined) return server;
  return { ...server, ca: clientAuthorityPem, requestCert: true, rejectUnauthorized: true };
}

/** Handshakes under way: the ports of each address. */
class Handshakes {
  readonly #ports = new Map<string, Set<number>>();

  /** Takes a new connection, or closes it where its address has too many that never finish. */
  begin(socket: Socket): void {
    const { remoteAddress = 'unknown', remotePort = 0 } = socket;
    const ports = this.#ports.get(remoteAddress) ?? new Set();
    if (ports.size >= MAX_HANDSHAKES_PER_ADDRESS) {
      socket.destroy();
      return;
    }
    this.#ports.set(remoteAddress, ports.add(remotePort));
    socket.once('close', () => this.#end(remoteAddress, remotePort));
  }

  finish(socket: TLSSocket): void {
    this.#end(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
  }

  #end(address: string, port: number): void {
    const ports = this.#ports.get(address);
    ports?.delete(port);
    if (ports?.size === 0) this.#ports.delete(address);
  }
}

function admit(
  socket: TLSSocket,
  { clientAuthorityPem, connections, connectionsPerAddress }: TlsListenOptions,
): boolean {
  if (socket.alpnProtocol !== 'h2') return false;
  if (clientAuthorityPem !== undefined) {
    // The older getPeerCertificate takes a millisecond: it writes out every field.
    const fingerprint = socket.getPeerX509Certificate()?.fingerprint256;
    if (!socket.authorized || fingerprint === undefined) return false;
    return connections.count(`certificate ${fingerprint}`, socket, MAX_CONNECTIONS_PER_CERTIFICATE);
  }
  const limit = connectionsPerAddress ?? MAX_CONNECTIONS;
  return connections.count(`address ${socket.remoteAddress ?? 'unknown'}`, socket, limit);
}

/** As grpc-js names the other end of a call. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

async function listen(server: Server, { host, port }: TlsListenOptions): Promise<void> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (cause) {
    const where = isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'it failed';
    throw new MooringError(
      'LISTEN_FAILED',
      `Cannot listen on ${where}: ${reason}; a free address of this machine is wanted`,
      { cause, hint: hintFor(reason, port) },
    );
  }
}

function hintFor(reason: string, port: number): string {
  if (reason === 'EADDRINUSE') return `Find who listens there with: ss -ltnp 'sport = :${port}'`;
  if (reason === 'EACCES') return 'Ports below 1024 need the right to take them: choose a higher one with --listen.';
  return 'Name an address of this machine with --listen HOST:PORT; `ip address` lists them.';
}
