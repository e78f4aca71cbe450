import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError, Severity } from '@mooring/proto';
import pino, { type Logger } from 'pino';
import { type HubConfig, socketPath } from './config.ts';
import { createAdmin, type Decided } from './enrol/admin-handlers.ts';
import { createEnrol } from './enrol/enrol-handlers.ts';
import { createEnrolment, type Enrolment } from './enrol/enrolment.ts';
import { endpointsOf, type Fleet } from './enrol/fleet.ts';
import { fleetPaths } from './enrol/fleet-paths.ts';
import { ServerCertificateKeeper } from './enrol/keep-server-certificate.ts';
import { nkeyOfSeed } from './enrol/nkey.ts';
import { openFleet } from './enrol/open-fleet.ts';
import type { Endpoints } from './enrol/parts.ts';
import { RefusalGate } from './enrol/refusal-gate.ts';
import { type GrpcOptions, type GrpcServers, startGrpcServers } from './grpc/grpc.ts';
import { HubView } from './hub-view.ts';
import type { Presence } from './ingest/presence.ts';
import type { Moor } from './moor.ts';
import { openForeignBroker } from './publish/foreign-broker.ts';
import { type HubBroker, openOwnBroker } from './publish/hub-broker.ts';
import { connectBroker } from './publish/nats.ts';
import type { Publisher } from './publish/publisher.ts';
import type { Changes } from './query/changes.ts';
import { Renewal } from './renewal.ts';
import { followSource, type Source, type SyncResult } from './source/follow.ts';
import { parseLocation } from './source/location.ts';
import { locationText } from './source/refs.ts';
import { followed } from './source-choice.ts';
import { wireStages } from './stages.ts';
import { openStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';
import { MACHINE_TIMERS } from './timers.ts';

/** Hosts and people connect from anywhere unless told otherwise. */
const ANY_ADDRESS = '0.0.0.0';

/** A hub that runs. */
export interface Hub {
  readonly ports: { readonly grpc: number; readonly join: number };
  /** Stops everything in reverse order; nothing that was acknowledged is lost. */
  close(): Promise<void>;
}

/** Starts a hub: store, broker, ports, source; what was started is stopped again when a later part fails. */
export async function startHub(config: HubConfig): Promise<Hub> {
  const log = pino({ level: config.logLevel, base: { program: 'mooring-hub' } }, pino.destination(2));
  const closing: (() => Promise<void> | void)[] = [];
  const closeAll = async () => {
    for (const close of closing.reverse()) await close();
  };
  try {
    const ports = await wire({ config, log, closing, clock: Date.now });
    return { ports, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** What wiring works with. */
interface Wiring {
  readonly config: HubConfig;
  readonly log: Logger;
  readonly closing: (() => Promise<void> | void)[];
  readonly clock: () => number;
}

async function wire({ config, log, closing, clock }: Wiring): Promise<GrpcServers['ports']> {
  const { repo, branch } = followed(config);
  const fleet = await openFleet({ data: config.data, clock });
  const onError = (error: unknown) => log.error({ err: error }, 'unexpected failure');
  const store = await openStore({ file: join(config.data, 'hub.db'), fleetId: fleet.id, clock });
  closing.push(() => store.close());
  const broker = await openBroker(config, fleet, { store, log });
  closing.push(() => broker.close());
  const endpoints = hubEndpoints(config, fleet);
  const enrolment = createEnrolment({
    fleet,
    store,
    clock,
    endpoints: () => endpoints,
    registered: () => broker.register(),
    onError,
  });
  let servers: GrpcServers | undefined;
  const certificate = new ServerCertificateKeeper({
    data: config.data,
    fleet,
    clock,
    onChanged: ({ serverCertificatePem: certificatePem, serverKeyPem: keyPem }) => {
      servers?.prove({ certificatePem, keyPem });
      broker.register().catch(onError);
      log.info('another certificate of the hub counts from now on');
    },
    onError,
  });
  closing.push(() => certificate.close());
  const stages = wireStages({
    fleet,
    store,
    connect: (events) =>
      connectBroker({ urls: broker.hubUrls, nkeySeed: fleet.hubNkeySeed, caPem: fleet.caCertificatePem, ...events }),
    follow: (moor, changes) => startSource({ config, repo, branch, store, moor, log, changes }),
    repository: locationText(parseLocation(repo)),
    view: (seen) =>
      new HubView({ ...seen, store, fleet, certificate, clock, returning: () => enrolment.returning() }).now(),
    heartbeatMs: config.heartbeatMs,
    natsUrls: () => endpoints.nats,
    askBack: (caller, request) => enrolment.askBack(caller, request),
    onLeave: (host) => enrolment.removeHost({ host, actor: host }),
    renewCertificate: (host, csr) => enrolment.renewCertificate(host, csr),
    clock,
    timers: MACHINE_TIMERS,
    log,
    onError,
  });
  closing.push(() => stages.close());
  const { source, ingest, query, publisher, renewal } = stages;
  const admin = adminOf({ enrolment, fleet, source, store, renewal, clock });
  const services = { agent: ingest, enrol: createEnrol(enrolment), fleet: query, admin };
  const doors = await openDoors({ config, fleet, services, enrolment, log, onError });
  servers = doors;
  closing.push(() => doors.close());
  followIdentities(enrolment, { ...stages, servers: doors, broker, store, onError });
  publisher.wake();
  renewal.soon('the hub started');
  log.info({ ports: doors.ports, fleet: fleet.id, repo: locationText(parseLocation(repo)), branch }, 'the hub runs');
  return doors.ports;
}

interface AdminSources {
  readonly enrolment: Enrolment;
  readonly fleet: Fleet;
  readonly source: Source;
  readonly store: Store;
  readonly renewal: Renewal;
  readonly clock: () => number;
}

function adminOf({ enrolment, fleet, source, store, renewal, clock }: AdminSources): GrpcOptions['services']['admin'] {
  return createAdmin({
    enrolment,
    caCertificateDer: fleet.caCertificateDer,
    sync: async () => decided(await source.sync()),
    clock,
    takeOver: (hosts, actor) => takeOver({ renewal, store }, hosts, actor),
    acceptRewrite: async (commit, actor) => decided(await acceptRewrite({ source, store }, commit, actor)),
  });
}

async function takeOver(
  { renewal, store }: { renewal: Renewal; store: Store },
  hosts: readonly string[] | 'all',
  actor: string,
): Promise<readonly string[]> {
  const taken = await renewal.takeOver(hosts);
  if (taken.length > 0) {
    await store.addHubEvent({
      kind: 'host.taken-over',
      severity: Severity.SEVERITY_WARNING,
      message: `${actor} took over hosts that were ahead of this hub: ${taken.join(', ')}`,
    });
  }
  return taken;
}

function decided({ commit, verdict }: SyncResult): Decided {
  return { commit, accepted: verdict !== 'refused' };
}

/** What a person took the responsibility for is on record before anything follows from it. */
function acceptRewrite(
  { source, store }: { source: Source; store: Store },
  commit: string,
  actor: string,
): Promise<SyncResult> {
  return source.acceptRewrite(commit, async () => {
    const accepted = store.acceptedRevision();
    const place = accepted === undefined ? '' : ` in place of ${accepted.commit.slice(0, 12)}`;
    await store.addHubEvent({
      kind: 'history.accepted',
      severity: Severity.SEVERITY_WARNING,
      message: `${actor} accepts commit ${commit.slice(0, 12)}${place}, whatever its history`,
      commit,
    });
  });
}

interface DoorParts {
  readonly config: HubConfig;
  readonly fleet: Fleet;
  readonly services: GrpcOptions['services'];
  readonly enrolment: Enrolment;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
}

function openDoors({ config, fleet, services, enrolment, log, onError }: DoorParts): Promise<GrpcServers> {
  return startGrpcServers({
    fleet,
    listen: config.listen ?? { host: ANY_ADDRESS, port: fleet.ports.grpc },
    joinListen: { host: config.listen?.host ?? ANY_ADDRESS, port: fleet.ports.join },
    socketPath: socketPath(config.data),
    services,
    callerOf: (certificate) => enrolment.callerOf(certificate),
    onTlsError: quietly(log),
    onError,
  });
}

/** One line per address and minute: whoever knocks all day must not fill the log. */
function quietly(log: Logger): GrpcOptions['onTlsError'] {
  const gate = new RefusalGate();
  return (failure) => {
    const untold = gate.pass(failure.address, performance.now());
    if (untold !== undefined) log.warn({ ...failure, untold }, 'TLS connection refused');
  };
}

async function openBroker(
  config: HubConfig,
  fleet: Fleet,
  { store, log }: { store: Store; log: Logger },
): Promise<HubBroker> {
  const folder = join(config.data, 'broker');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const hubNkey = nkeyOfSeed(fleet.hubNkeySeed);
  if (config.nats !== undefined) {
    const { nats: url, natsReload: reload } = config;
    const foreign = openForeignBroker({ url, reload, folder, store, hubNkey, log });
    await foreign.register();
    return foreign;
  }
  const paths = fleetPaths(config.data);
  return await openOwnBroker({
    binary: config.natsServer,
    folder,
    store,
    log,
    settings: {
      listenHost: config.listen?.host ?? ANY_ADDRESS,
      listenPort: fleet.ports.nats,
      certificateFile: paths.hubCertificate,
      keyFile: paths.hubKey,
      caFile: paths.caCertificate,
      hubNkey,
    },
  });
}

function hubEndpoints(config: HubConfig, fleet: Fleet): Endpoints {
  const grpc = config.listen?.port ?? fleet.ports.grpc;
  const nats =
    config.nats === undefined
      ? endpointsOf(fleet.addresses, fleet.ports.nats).map((address) => `tls://${address}`)
      : [config.nats];
  return { join: endpointsOf(fleet.addresses, fleet.ports.join), hub: endpointsOf(fleet.addresses, grpc), nats };
}

interface SourceParts {
  readonly config: HubConfig;
  readonly repo: string;
  readonly branch: string;
  readonly store: Store;
  readonly moor: Moor;
  readonly log: Logger;
  readonly changes: Changes;
}

function startSource({ config, repo, branch, store, moor, log, changes }: SourceParts): Source {
  const newest = store.newestRevision();
  const accepted = store.acceptedRevision();
  return followSource({
    repo,
    branch,
    dataDir: config.data,
    token: config.tokenFile === undefined ? undefined : readToken(config.tokenFile),
    pollMs: config.pollMs,
    accepted: accepted?.commit,
    refused: newest !== undefined && newest.sequence !== accepted?.sequence ? newest.commit : undefined,
    inventory: () => Renewal.inventory(store),
    hasObject: (plainDigest) => store.objectByPlainDigest(plainDigest) !== undefined,
    decide: async ({ outcome, ...commit }) => {
      const rendered = outcome.kind === 'rendered';
      await moor.decide({
        ...commit,
        rendering: rendered ? outcome.rendering : undefined,
        problems: rendered ? [] : outcome.problems,
        warnings: rendered ? outcome.rendering.warnings : outcome.warnings,
      });
      return rendered ? 'accepted' : 'refused';
    },
    onProblem: (problem) => {
      if (problem === undefined) log.info('the repository is followed again');
      else log.warn({ code: problem.code }, problem.message);
      changes.notify();
    },
  });
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new MooringError(
      'CONFIG_REQUIRED',
      `Cannot read the token of the repository: ${file} cannot be read; a file with the token is wanted`,
      {
        place: { file: '--token-file' },
        cause,
      },
    );
  }
}

interface IdentityFollowers {
  readonly servers: GrpcServers;
  readonly broker: HubBroker;
  readonly publisher: Publisher;
  readonly presence: Presence;
  readonly store: Store;
  readonly renewal: Renewal;
  readonly changes: Changes;
  readonly onError: (error: unknown) => void;
}

/** An identity that ended loses its calls and broker rights at once; a host that came or went changes what is rendered. */
function followIdentities(enrolment: Enrolment, followers: IdentityFollowers): void {
  const { servers, broker, publisher, presence, store, renewal, changes, onError } = followers;
  enrolment.onIdentitiesChanged(({ ended, host }) => {
    for (const identityId of ended) servers.endCallsOf(identityId);
    if (host === undefined) return;
    const record = store.host(host);
    if (record === undefined) presence.forget(host);
    if (record === undefined || record.revokedAtMs !== 0) {
      broker.register().catch(onError);
      publisher.forgetHost(host).catch(onError);
    }
    renewal.identityChanged(host);
    changes.notify();
  });
}
