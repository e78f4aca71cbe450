import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import {
  AdminServiceService,
  AgentServiceService,
  decodeJoinString,
  EnrolServiceClient,
  FleetServiceService,
  type JoinRequest,
  type JoinResponse,
} from '@mooring/proto';
import { createUser } from 'nkeys.js';
import { createAdmin } from '../enrol/admin-handlers.ts';
import { createEnrol } from '../enrol/enrol-handlers.ts';
import { createEnrolment, type Enrolment } from '../enrol/enrolment.ts';
import { endpointsOf, type Fleet } from '../enrol/fleet.ts';
import { hostUri, issueIdentity } from '../enrol/identity-certificate.ts';
import { initFleet } from '../enrol/init-fleet.ts';
import type { IdentitiesChange } from '../enrol/parts.ts';
import { certificatePem } from '../enrol/server-certificate.ts';
import { makeUserKey } from '../enrol/user-key.ts';
import { readRequest } from '../enrol/x509.ts';
import { createStore, openStore } from '../store/open-store.ts';
import type { HostRecord, Store } from '../store/store.ts';
import { type GrpcServers, startGrpcServers } from './grpc.ts';
import type { CallContext, Handlers } from './handlers.ts';

/** A source that accepts whatever it is asked about. */
const DECIDING = {
  takeOver: async (hosts: readonly string[] | 'all') => (hosts === 'all' ? [] : hosts),
  clock: Date.now,
  sync: async () => ({ commit: 'abc', accepted: true }),
  acceptRewrite: async (commit: string) => ({ commit, accepted: true }),
};

/** A certificate with its key, PEM. */
export interface Credentials {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
}

/** A hub's identity and transport on real sockets and a real store; AgentService and FleetService answer with little of their own. */
export interface RunningHub {
  readonly data: string;
  readonly fleet: Fleet;
  readonly store: Store;
  readonly enrolment: Enrolment;
  readonly servers: GrpcServers;
  readonly socketPath: string;
  readonly address: string;
  readonly joinAddress: string;
  readonly changes: IdentitiesChange[];
  readonly errors: unknown[];
  readonly tlsErrors: string[];
  /** Moves the clock of the hub. */
  now: number;
  registered: (host: HostRecord) => Promise<void>;
  /** Contexts of the calls that a handler saw, newest last. */
  readonly seen: CallContext[];
  user(name: string, role: 'viewer' | 'operator' | 'admin'): Promise<Credentials>;
  joinString(host: string, replace?: boolean): Promise<string>;
  agent(host: string): Promise<Credentials>;
  /** A host with a certificate of this fleet that the hub knows nothing of. */
  forgottenAgent(host: string): Promise<Credentials>;
  close(): Promise<void>;
}

export async function startRunningHub(): Promise<RunningHub> {
  const parent = mkdtempSync(join(tmpdir(), 'mooring-hub-'));
  const data = join(parent, 'data');
  const state = { now: Date.now() };
  const clock = () => state.now;
  const { fleet, store } = await newFleet(data, clock);
  const lists = { changes: [] as IdentitiesChange[], errors: [] as unknown[], tlsErrors: [] as string[] };
  const seen: CallContext[] = [];
  let bound = { grpc: 0, join: 0 };
  const enrolment = createEnrolment({
    fleet,
    store,
    clock,
    endpoints: () => ({
      join: endpointsOf(fleet.addresses, bound.join),
      hub: endpointsOf(fleet.addresses, bound.grpc),
      nats: ['tls://127.0.0.1:4222'],
    }),
    registered: (host) => hub.registered(host),
    onError: (error) => lists.errors.push(error),
  });
  const socketPath = join(data, 'hub.sock');
  const servers = await startGrpcServers({
    fleet,
    listen: { host: '127.0.0.1', port: 0 },
    joinListen: { host: '127.0.0.1', port: 0 },
    socketPath,
    services: {
      agent: agentHandlers(seen, (host) => enrolment.removeHost({ host, actor: host })),
      fleet: fleetHandlers(seen),
      enrol: createEnrol(enrolment),
      admin: createAdmin({ enrolment, caCertificateDer: fleet.caCertificateDer, ...DECIDING }),
    },
    callerOf: enrolment.callerOf,
    onTlsError: ({ reason }) => lists.tlsErrors.push(reason),
    onError: (error) => lists.errors.push(error),
  });
  bound = servers.ports;
  enrolment.onIdentitiesChanged((change) => {
    lists.changes.push(change);
    for (const identityId of change.ended) servers.endCallsOf(identityId);
  });
  const hub: RunningHub = {
    data,
    fleet,
    store,
    enrolment,
    servers,
    socketPath,
    seen,
    ...lists,
    address: `127.0.0.1:${bound.grpc}`,
    joinAddress: `127.0.0.1:${bound.join}`,
    registered: async () => undefined,
    get now() {
      return state.now;
    },
    set now(value) {
      state.now = value;
    },
    async user(name, role) {
      const { key, csr } = await makeUserKey();
      const { certificates } = await enrolment.addUser({ name, role, csr, actor: 'test' });
      return { name, key, cert: certificates.map(certificatePem).join('') };
    },
    async joinString(host, replace = false) {
      return (await enrolment.invite({ host, labels: [], ttlSeconds: 0, replace, actor: 'test' })).joinString;
    },
    async agent(host) {
      const { request, key } = await joinRequest(await hub.joinString(host));
      const response = await enrolment.join(request, '127.0.0.1');
      return { name: host, key, cert: response.certificates.map(certificatePem).join('') };
    },
    forgottenAgent: (host) => issueTo(fleet, host, state.now),
    async close() {
      await servers.close();
      await store.close();
      rmSync(parent, { recursive: true, force: true });
    },
  };
  return hub;
}

async function issueTo(fleet: Fleet, name: string, nowMs: number): Promise<Credentials> {
  const { key, csr } = await makeUserKey();
  const { chain } = await issueIdentity(fleet, await readRequest(csr), { uri: hostUri(fleet.id, name), nowMs });
  return { name, key, cert: chain.map(certificatePem).join('') };
}

async function newFleet(data: string, clock: () => number): Promise<{ fleet: Fleet; store: Store }> {
  const ports = { grpc: 0, join: 0, nats: 4222 };
  const fleet = await initFleet({ data, name: 'home', addresses: ['127.0.0.1'], ports, clock });
  const options = { file: join(data, 'hub.db'), fleetId: fleet.id, clock };
  createStore(options);
  return { fleet, store: await openStore(options) };
}

/** What an honest agent sends for that join string. */
export async function joinRequest(joinString: string): Promise<{ request: JoinRequest; key: string }> {
  const { tokenId, tokenSecret } = decodeJoinString(joinString);
  const { key, csr } = await makeUserKey();
  const user = createUser();
  const signature = user.sign(createHash('sha256').update(csr).digest());
  const request: JoinRequest = {
    tokenId,
    tokenSecret: Buffer.from(tokenSecret),
    csr,
    nkey: user.getPublicKey(),
    nkeySignature: Buffer.from(signature),
    machineId: 'machine',
    agentVersion: '0.1.0',
  };
  return { request, key };
}

/** Sends a join over the real port. Rejects with grpc-js' own error. */
export function sendJoin(hub: RunningHub, request: JoinRequest): Promise<JoinResponse> {
  const client = new EnrolServiceClient(
    hub.joinAddress,
    credentials.createSsl(Buffer.from(hub.fleet.caCertificatePem)),
  );
  const { promise, resolve, reject } = Promise.withResolvers<JoinResponse>();
  client.join(request, (error, response) => {
    client.close();
    if (error === null) resolve(response);
    else reject(error);
  });
  return promise;
}

function fleetHandlers(seen: CallContext[]): Handlers<FleetServiceService> {
  const handlers = Object.fromEntries(
    Object.entries(FleetServiceService).map(([name, method]) => [
      name,
      method.responseStream ? streaming(seen) : answering<unknown>(seen, method.responseDeserialize),
    ]),
  );
  // The one cast: the loop loses which message belongs to which method; every message here is its own default.
  return handlers as unknown as Handlers<FleetServiceService>;
}

function agentHandlers(seen: CallContext[], onLeave: (host: string) => Promise<void>): Handlers<AgentServiceService> {
  return {
    async *connect(requests, context) {
      seen.push(context);
      for await (const request of requests) {
        if (request.message?.$case === 'heartbeat') {
          const { sequence } = request.message.value;
          const pace = { sequence, heartbeatIntervalMs: 1000, newestGeneration: 0n, newestDigest: '' };
          yield { message: { $case: 'pace', value: pace } };
        }
      }
    },
    async answer(requests, context) {
      seen.push(context);
      for await (const _ of requests);
      return {};
    },
    fetchAssignment: answering(seen, AgentServiceService.fetchAssignment.responseDeserialize),
    async *fetchObject(_, context) {
      seen.push(context);
      yield { data: Buffer.from('part') };
    },
    renewCertificate: answering(seen, AgentServiceService.renewCertificate.responseDeserialize),
    askBack: answering(seen, AgentServiceService.askBack.responseDeserialize),
    async leave(_, context) {
      seen.push(context);
      await onLeave(context.caller.name);
      return {};
    },
  };
}

function answering<T>(seen: CallContext[], deserialize: (bytes: Buffer) => T) {
  return async (_: unknown, context: CallContext) => {
    seen.push(context);
    return deserialize(Buffer.alloc(0));
  };
}

function streaming(seen: CallContext[]) {
  return async function* (_: unknown, context: CallContext) {
    seen.push(context);
    yield {};
  };
}

/** Every method of the main port. */
export const MAIN_METHODS = [
  ...Object.values(AgentServiceService),
  ...Object.values(FleetServiceService),
  ...Object.values(AdminServiceService),
];
