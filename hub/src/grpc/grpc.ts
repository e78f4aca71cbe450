import type { Duplex } from 'node:stream';
import { Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import {
  AdminServiceService,
  AgentServiceService,
  EnrolServiceService,
  FleetServiceService,
  HealthService,
  MAX_GRPC_MESSAGE_BYTES,
  MAX_JOIN_MESSAGE_BYTES,
  MooringError,
} from '@mooring/proto';
import type { Fleet } from '../enrol/fleet.ts';
import { type AdaptedService, type AdaptParts, adapt } from './adapt.ts';
import { Connections } from './connections.ts';
import { type GuardParts, guard } from './guard.ts';
import type { Caller, Handlers } from './handlers.ts';
import { createHealth } from './health.ts';
import * as limits from './limits.ts';
import { type OpenCall, OpenCalls } from './open-calls.ts';
import { createReflection, REFLECTION_SERVICES } from './reflection.ts';
import { watchSessions } from './sessions.ts';
import { listenSocket } from './socket-listener.ts';
import { listenTls, type ServerProof, type TlsFailure } from './tls-listener.ts';
import { TokenBuckets } from './token-bucket.ts';

/** What the hub's gRPC side is started with. */
export interface GrpcOptions {
  readonly fleet: Pick<Fleet, 'serverCertificatePem' | 'serverKeyPem' | 'caCertificatePem'>;
  /** mTLS: AgentService, FleetService, AdminService, health, reflection. Port 0: any. */
  readonly listen: { readonly host: string; readonly port: number };
  /** TLS without client certificate: EnrolService alone. */
  readonly joinListen: { readonly host: string; readonly port: number };
  /** Unix socket of mode 0600: FleetService, AdminService, health, reflection. */
  readonly socketPath: string;
  readonly services: {
    readonly agent: Handlers<AgentServiceService>;
    readonly enrol: Handlers<EnrolServiceService>;
    readonly fleet: Handlers<FleetServiceService>;
    readonly admin: Handlers<AdminServiceService>;
  };
  /** Whose client certificate (DER) it is. Throws when it is nobody's. */
  readonly callerOf: (peerCertificateDer: Uint8Array) => Caller;
  /** Connections that failed in TLS; the caller bounds what it logs. */
  readonly onTlsError: (failure: TlsFailure) => void;
  /** Failures that callers are told nothing about. */
  readonly onError: (error: unknown) => void;
}

/** The hub's gRPC side, listening. */
export interface GrpcServers {
  readonly ports: { readonly grpc: number; readonly join: number };
  /** Ends every call and connection of an identity within a second. */
  endCallsOf(identityId: string): void;
  /** New connections to both ports see this certificate; those that stand go on. */
  prove(proof: ServerProof): void;
  /** Takes no more calls, ends the open ones, and frees ports and socket. */
  close(): Promise<void>;
}

const LOCAL: Caller = { kind: 'local', name: 'local', role: 'admin', identityId: '' };

/** Starts all three doors of the hub, or none. Throws LISTEN_FAILED, or INTERNAL for a method that declares no role. */
export async function startGrpcServers(options: GrpcOptions): Promise<GrpcServers> {
  const [main, join, local] = [mainDoor(options), joinDoor(options), localDoor(options)];
  const doors = [main, join, local];
  const closing: (() => Promise<void>)[] = [];
  try {
    const { fleet, onTlsError } = options;
    const tls = { certificatePem: fleet.serverCertificatePem, keyPem: fleet.serverKeyPem, onTlsError };
    const grpcListener = await listenTls({
      ...options.listen,
      ...tls,
      clientAuthorityPem: fleet.caCertificatePem,
      connections: main.connections,
      onConnection: main.take,
    });
    closing.push(grpcListener.close);
    const joinListener = await listenTls({
      ...options.joinListen,
      ...tls,
      connectionsPerAddress: limits.MAX_JOIN_CONNECTIONS_PER_ADDRESS,
      connections: join.connections,
      onConnection: join.take,
    });
    closing.push(joinListener.close);
    const socketListener = await listenSocket(options.socketPath, local.take);
    closing.push(socketListener.close);
    return {
      ports: { grpc: grpcListener.port, join: joinListener.port },
      endCallsOf: (identityId) => endCalls(main, identityId),
      prove: (proof) => {
        for (const listener of [grpcListener, joinListener]) listener.prove(proof);
      },
      close: () => closeDoors(doors, closing),
    };
  } catch (error) {
    await closeDoors(doors, closing);
    throw error;
  }
}

/** One grpc-js server behind a listener of our own, which hands it each connection. */
interface Door {
  readonly server: Server;
  readonly open: OpenCalls;
  readonly connections: Connections;
  readonly take: (connection: Duplex) => void;
}

function mainDoor(options: GrpcOptions): Door {
  const { agent, fleet, admin } = options.services;
  return openDoor(options, {
    maxMessageBytes: MAX_GRPC_MESSAGE_BYTES,
    ages: true,
    identify: ({ certificate }) => {
      if (certificate !== undefined) return options.callerOf(certificate);
      throw new MooringError(
        'UNAUTHENTICATED',
        'Cannot accept call: no certificate came with it; one issued by this hub is wanted',
      );
    },
    services: [
      [AgentServiceService, agent],
      [FleetServiceService, fleet],
      [AdminServiceService, admin],
    ],
    standard: true,
  });
}

function localDoor(options: GrpcOptions): Door {
  const { fleet, admin } = options.services;
  return openDoor(options, {
    maxMessageBytes: MAX_GRPC_MESSAGE_BYTES,
    ages: false,
    identify: () => LOCAL,
    services: [
      [FleetServiceService, fleet],
      [AdminServiceService, admin],
    ],
    standard: true,
  });
}

function joinDoor(options: GrpcOptions): Door {
  const attempts = new TokenBuckets({ burst: limits.JOIN_BURST, perSecond: limits.JOINS_PER_SECOND });
  return openDoor(options, {
    maxMessageBytes: MAX_JOIN_MESSAGE_BYTES,
    ages: true,
    identify: ({ address }) => {
      const name = address.slice(0, address.lastIndexOf(':'));
      if (attempts.take(name, performance.now())) return { kind: 'anyone', name, role: 'anyone', identityId: '' };
      throw new MooringError(
        'RATE_LIMITED',
        `Cannot join host: ${name} tries too often; ${limits.JOINS_PER_SECOND} attempt per second is wanted`,
        { retryAfterMs: 1000 / limits.JOINS_PER_SECOND },
      );
    },
    services: [[EnrolServiceService, options.services.enrol]],
    standard: false,
  });
}

interface DoorOptions {
  readonly maxMessageBytes: number;
  /** True: connections are replaced after an hour. */
  readonly ages: boolean;
  readonly identify: GuardParts['identify'];
  readonly services: readonly (readonly [ServiceDefinition, Parameters<typeof adapt>[1]])[];
  /** True: health and reflection too. */
  readonly standard: boolean;
}

function openDoor({ onError }: GrpcOptions, door: DoorOptions): Door {
  const open = new OpenCalls();
  const connections = new Connections();
  const server = new Server({
    ...serverOptions(door),
    interceptors: [
      guard({ identify: door.identify, certificateOf: (peer) => connections.certificateOf(peer), open, onError }),
    ],
  });
  const parts: AdaptParts = { onError, onStalled: (call) => closeSoon(call, connections) };
  const add = ({ definition, implementation }: AdaptedService) => server.addService(definition, implementation);
  for (const [definition, handlers] of door.services) add(adapt(definition, handlers, parts));
  if (door.standard) {
    const served = door.services.map(([definition]) => serviceName(definition));
    const known = [...served, serviceName(HealthService)];
    for (const definition of REFLECTION_SERVICES) add(adapt(definition, createReflection(known), parts));
    add(adapt(HealthService, createHealth(served), parts));
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  watchSessions(server);
  return { server, open, connections, take: (connection) => injector.injectConnection(connection) };
}

/** "mooring.v1.FleetService", from the paths of its methods. */
function serviceName(definition: ServiceDefinition): string {
  return Object.values(definition)[0]?.path.split('/')[1] ?? '';
}

function serverOptions({ maxMessageBytes, ages }: DoorOptions) {
  return {
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': limits.MAX_SENT_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': limits.MAX_STREAMS_PER_CONNECTION,
    'grpc.keepalive_time_ms': limits.KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': limits.KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_idle_ms': limits.IDLE_MS,
    'grpc.enable_channelz': 0,
    ...(ages
      ? {
          'grpc.max_connection_age_ms': limits.CONNECTION_AGE_MS,
          'grpc.max_connection_age_grace_ms': limits.CONNECTION_AGE_GRACE_MS,
        }
      : {}),
  };
}

function endCalls({ open, connections }: Door, identityId: string): void {
  for (const call of open.of(identityId)) {
    // Who leaves is answered by the call that ends it.
    if (call.path !== AgentServiceService.leave.path) call.end(identityEnded(call.caller));
    closeSoon(call, connections);
  }
}

/** A status waits behind what the reader has not taken; the end of the connection does not. */
function closeSoon({ peer }: OpenCall, connections: Connections): void {
  setTimeout(() => connections.destroy(peer), limits.LINGER_MS).unref();
}

function identityEnded({ kind, name }: Caller): MooringError {
  const code = kind === 'user' ? 'USER_REVOKED' : 'AGENT_REVOKED';
  return new MooringError(code, `Cannot go on with call: the identity of ${name} has ended; an active one is wanted`);
}

async function closeDoors(doors: readonly Door[], listeners: readonly (() => Promise<void>)[]): Promise<void> {
  // Listeners resolve only when their last connection is gone, so they are awaited after that.
  const closed = listeners.map((close) => close());
  const stopping = new MooringError(
    'HUB_UNREACHABLE',
    'Cannot go on with call: the hub stops; the hub after its restart is wanted',
  );
  await Promise.all(doors.map((door) => closeDoor(door, stopping)));
  await Promise.all(closed);
}

async function closeDoor({ server, open, connections }: Door, stopping: MooringError): Promise<void> {
  for (const call of open.all()) call.end(stopping);
  await new Promise<void>((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, limits.DRAIN_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
  connections.destroyAll();
}
