import {
  type AskBackRequest,
  digestOf,
  FEATURES,
  type Hello,
  MooringError,
  PROTOCOL_VERSION,
  Severity,
} from '@mooring/proto';
import pino from 'pino';
import type { EventDraft } from './apply/ports.ts';
import type { AgentConfig } from './config.ts';
import { EngineHolder } from './engine-holder.ts';
import { askBackRequest, keyHashOf } from './join/ask-back.ts';
import { certificateProblem, renewAtMs } from './join/certificate.ts';
import type { Identity } from './join/identity.ts';
import { loadIdentity } from './join/identity-folder.ts';
import { machineId } from './join/machine-id.ts';
import { MACHINE_CHANCE } from './keep/chance.ts';
import { type Keep, openKeep } from './keep/open-keep.ts';
import type { Log } from './log.ts';
import { Loop } from './loop.ts';
import { openEngine } from './observe/docker.ts';
import type { Engine } from './observe/engine.ts';
import { mayShow, watchEngine } from './observe/watch.ts';
import { Passes } from './passes.ts';
import type { DesiredStack } from './plan/desired.ts';
import { BrokerLink } from './receive/broker-link.ts';
import { type BrokerConnection, type BrokerTarget, connectBroker } from './receive/nats.ts';
import { objectSource } from './receive/object-source.ts';
import { Receiver } from './receive/receiver.ts';
import { sweepContents } from './receive/sweep.ts';
import { desiredOf } from './receive/workload.ts';
import { ANSWERED_QUESTIONS, answerQuestion } from './report/answer-question.ts';
import { HubConnection } from './report/hub-connection.ts';
import { type HubLink, openHubLink } from './report/hub-grpc.ts';
import type { Snapshot } from './report/report-delta.ts';
import { Standing } from './standing.ts';
import { statusOf, writeStatus } from './status-file.ts';
import { every, MACHINE_TIMERS, type Timers } from './timers.ts';
import { VERSION } from './version.ts';

/** Between looks at the own certificate: renewal has weeks of room. */
const CERTIFICATE_CHECK_MS = 60 * 60_000;
/** Between writings of the local status, so that its ages stay true. */
const STATUS_MS = 2_000;

/** An agent that runs. */
export interface Agent {
  /** Stops everything; containers keep running. */
  close(): Promise<void>;
}

/** Starts an agent from its disk alone: hub, broker and Git may all be down. Throws NOT_JOINED, KEY_PERMISSIONS, STATE_LOCKED. */
export async function startAgent(config: AgentConfig): Promise<Agent> {
  const log = pino({ level: config.logLevel, base: { program: 'mooring-agent' } }, pino.destination(2));
  const identity = loadIdentity(config.data);
  const keep = openKeep(config.data, { nowMs: Date.now });
  return await runAgent({
    config,
    log,
    identity,
    keep,
    outside: {
      openEngine: () => openEngine(config.docker, config.pullSilenceMs),
      connectBroker,
      openHubLink,
      machineId: machineId(),
      bootId: MACHINE_CHANCE.uuid(),
      nowMs: Date.now,
      timers: MACHINE_TIMERS,
    },
  });
}

/** Everything that an agent meets and does not own. */
export interface Outside {
  readonly openEngine: () => Promise<Engine>;
  readonly connectBroker: (target: BrokerTarget) => Promise<BrokerConnection>;
  readonly openHubLink: (address: string, tls: Identity['tls']) => Promise<HubLink>;
  readonly machineId: string;
  /** Another one at each start. */
  readonly bootId: string;
  /** Unix milliseconds by the machine's clock, which may be set. */
  readonly nowMs: () => number;
  readonly timers: Timers;
}

/** What an agent is made of. */
export interface AgentParts {
  readonly config: Pick<AgentConfig, 'data' | 'auditMs'>;
  readonly log: Log;
  readonly identity: Identity;
  readonly keep: Keep;
  readonly outside: Outside;
}

/** Starts an agent over the parts that it is given, and closes its folder where it cannot start. */
export async function runAgent(parts: AgentParts): Promise<Agent> {
  try {
    return await RunningAgent.start(parts);
  } catch (error) {
    parts.keep.close();
    throw error;
  }
}

/** The parts of one agent, wired to each other: what one hears, the other is told. */
class RunningAgent implements Agent {
  readonly #config: AgentParts['config'];
  readonly #log: Log;
  readonly #keep: Keep;
  readonly #outside: Outside;
  readonly #engine: EngineHolder;
  readonly #standing = new Standing();
  readonly #receiver: Receiver;
  readonly #passes: Passes;
  readonly #loop: Loop;
  readonly #watching: { close(): Promise<void> };
  readonly #broker: BrokerLink;
  readonly #hub: HubConnection;
  readonly #chores: readonly (() => void)[];
  #identity: Identity;
  #sweptGeneration = 0n;
  #toldDiskCode: string;

  private constructor({ config, log, identity, keep, outside }: AgentParts, receiver: Receiver) {
    this.#config = config;
    this.#log = log;
    this.#identity = identity;
    this.#keep = keep;
    // What was wrong when the record was opened is in the first report.
    this.#toldDiskCode = keep.health.problem?.code ?? '';
    this.#outside = outside;
    this.#receiver = receiver;
    this.#engine = new EngineHolder(outside.openEngine);
    this.#passes = new Passes({
      engine: this.#engine,
      fleetId: identity.fleetId,
      keep,
      restoreContents: (stack) => receiver.restoreContents(stack),
      nowMs: outside.nowMs,
      timers: outside.timers,
    });
    this.#loop = this.#startLoop();
    this.#watching = watchEngine({
      open: () => this.#engine.open(),
      fleetId: identity.fleetId,
      onChange: (changes) => {
        this.#passes.note(changes);
        if (mayShow(changes)) this.#loop.wake();
      },
      log,
      timers: outside.timers,
    });
    this.#broker = this.#startBroker();
    this.#hub = this.#startHub();
    keep.outbox.onEvent = () => this.#hub.changed();
    this.#chores = [
      every(outside.timers, CERTIFICATE_CHECK_MS, () => void this.#renew()),
      every(outside.timers, STATUS_MS, () => this.#writeStatus()),
    ];
    log.info({ host: identity.host, fleet: identity.fleetId }, 'the agent runs');
    this.#checkDates();
  }

  /** Reads what was accepted before anything can arrive, then starts everything else. */
  static async start(parts: AgentParts): Promise<RunningAgent> {
    const { keep, identity, log, outside } = parts;
    const { nowMs, timers } = outside;
    const started: { agent?: RunningAgent } = {};
    const tell = (event: EventDraft) => keep.outbox.tell(event, nowMs());
    if (keep.recordLost) tell(RECORD_LOST);
    const receiver = new Receiver({
      fleetId: identity.fleetId,
      host: identity.host,
      dataKey: identity.dataKey,
      keys: () => (started.agent === undefined ? identity : started.agent.#identity).trust.assignmentKeys,
      keep,
      fetchObject: objectSource({
        broker: (object) => running(started.agent).#broker.object(object),
        hub: (object, maxBytes) => running(started.agent).#hub.link().fetchObject(object, maxBytes),
        tell,
      }),
      fetchNewest: (newest) => running(started.agent).#fetchNewest(newest?.digest),
      tell,
      log,
      nowMs,
      timers,
      onAccepted: () => {
        if (started.agent !== undefined) started.agent.#loop.supersede();
      },
    });
    await receiver.load();
    started.agent = new RunningAgent(parts, receiver);
    return started.agent;
  }

  async close(): Promise<void> {
    for (const end of this.#chores) end();
    await Promise.all([this.#loop.close(), this.#watching.close(), this.#receiver.close()]);
    await Promise.all([this.#hub.close(), this.#broker.close()]);
    this.#keep.close();
  }

  #startLoop(): Loop {
    return new Loop({
      desired: () => (this.#receiver.workload === undefined ? undefined : desiredOf(this.#receiver.workload)),
      reconcile: (desired, options) => this.#passes.reconcile(desired, options),
      onAssessment: (assessment, generation) => {
        this.#standing.saw(assessment, generation);
        this.#hub.changed();
        if (assessment.settled) this.#sweep(generation);
      },
      onEngineProblem: (problem) => {
        this.#standing.engineProblem(problem);
        this.#hub.changed();
      },
      auditMs: this.#config.auditMs,
      log: this.#log,
      nowMs: this.#outside.nowMs,
      timers: this.#outside.timers,
    });
  }

  #startBroker(): BrokerLink {
    const { host, nkeySeed, tls, natsUrls } = this.#identity;
    return new BrokerLink({
      connect: (target) => this.#outside.connectBroker({ ...target, host, nkeySeed, caPem: tls.ca }),
      urls: natsUrls,
      onPush: (envelope) => this.#receiver.offer(envelope),
      onReady: () => this.#receiver.ask(),
      log: this.#log,
      nowMs: this.#outside.nowMs,
      timers: this.#outside.timers,
    });
  }

  #startHub(): HubConnection {
    return new HubConnection({
      addresses: () => this.#identity.hubAddresses,
      open: (address) => this.#outside.openHubLink(address, this.#identity.tls),
      hello: () => this.#hello(),
      askBack: () => this.#askBack(),
      onWelcome: ({ natsUrls, labels, labelsTold }) => {
        this.#broker.moveTo(natsUrls);
        if (labelsTold) this.#keep.labels.keep(labels);
      },
      onNewest: (newest) => this.#receiver.hubSays(newest),
      answer: (question) =>
        answerQuestion({ answers: this.#passes, current: (stack) => this.#current(stack) }, question),
      snapshot: () => this.#snapshot(),
      outbox: this.#keep.outbox,
      log: this.#log,
      nowMs: this.#outside.nowMs,
      timers: this.#outside.timers,
    });
  }

  #hello(): Hello {
    const { workload } = this.#receiver;
    return {
      host: this.#identity.host,
      protocol: PROTOCOL_VERSION,
      agentVersion: VERSION,
      features: Object.values(FEATURES),
      highWater: workload?.assignment.generation ?? 0n,
      acceptedDigest: workload?.digest ?? '',
      outboxId: this.#keep.outbox.id,
      bootId: this.#outside.bootId,
      machineId: this.#outside.machineId,
      questions: [...ANSWERED_QUESTIONS],
      trustVersion: this.#identity.trust.version,
    };
  }

  #askBack(): AskBackRequest {
    const { workload } = this.#receiver;
    return askBackRequest(this.#identity, {
      machineId: this.#outside.machineId,
      agentVersion: VERSION,
      highWater: workload?.assignment.generation ?? 0n,
      accepted: workload?.envelope,
      labels: this.#keep.labels.labels,
    });
  }

  #current(stack: string): DesiredStack | undefined {
    return this.#receiver.workload?.stacks.find(({ assigned }) => assigned.stack === stack)?.desired;
  }

  #snapshot(): Snapshot | undefined {
    return this.#standing.snapshot(this.#receiver, this.#keep.health.problem);
  }

  /** The newest assignment: the broker's, unless the hub named another one or the broker does not answer. */
  async #fetchNewest(digest: string | undefined): Promise<Uint8Array | undefined> {
    const fromBroker = await this.#broker.assignment().catch((error: unknown) => {
      if (error instanceof MooringError && error.code === 'BROKER_UNREACHABLE') return undefined;
      throw error;
    });
    if (fromBroker !== undefined && (digest === undefined || digestOf(fromBroker) === digest)) return fromBroker;
    if (digest === undefined) return undefined;
    const { envelope } = await this.#hub.link().fetchAssignment();
    return envelope.byteLength === 0 ? undefined : envelope;
  }

  /** Once for each generation that runs as it should: what nothing needs any more leaves the disk. */
  #sweep(generation: bigint): void {
    const { workload } = this.#receiver;
    if (workload?.assignment.generation !== generation || this.#sweptGeneration === generation) return;
    // What is being staged belongs to nothing accepted yet.
    if (this.#receiver.staging) return;
    this.#sweptGeneration = generation;
    const { trust, dataKey } = this.#identity;
    this.#keep.health.attempt(() => sweepContents(workload, this.#keep, { keys: trust.assignmentKeys, dataKey }));
  }

  /** Who looks for the reason in the log finds it there: a handshake that fails does not say it. */
  #checkDates(): void {
    const problem = certificateProblem(this.#identity, this.#outside.nowMs());
    if (problem !== undefined) this.#log.error({ code: problem.code, hint: problem.hint }, problem.message);
  }

  async #renew(): Promise<void> {
    this.#checkDates();
    if (this.#outside.nowMs() < renewAtMs(this.#identity)) return;
    try {
      // Loaded when it is needed: running pays nothing for it.
      const { renewCertificate } = await import('./join/renew-certificate.ts');
      this.#identity = await renewCertificate(this.#config.data, this.#identity, (csr) => this.#hub.link().renew(csr));
      this.#hub.reconnect();
    } catch (error) {
      this.#log.warn(
        { reason: error instanceof Error ? error.message : String(error) },
        'the certificate could not be renewed; trying again',
      );
    }
  }

  /** What is wrong with the disk is reported when it begins and when it ends: nothing else may change for a long time. */
  #checkDisk(): void {
    try {
      if (this.#keep.check()) this.#log.info({}, 'the disk takes writes again');
    } catch (error) {
      this.#log.error({ err: error }, 'what waited in memory cannot be brought to disk');
    }
    const code = this.#keep.health.problem?.code ?? '';
    if (code === this.#toldDiskCode) return;
    this.#toldDiskCode = code;
    this.#hub.changed();
  }

  #writeStatus(): void {
    this.#checkDisk();
    const about = {
      host: this.#identity.host,
      fleetId: this.#identity.fleetId,
      key: keyHashOf(this.#identity).toString('hex'),
      version: VERSION,
      writtenAtMs: this.#outside.nowMs(),
    };
    const status = statusOf(this.#snapshot(), { ...about, hub: this.#hub.state, broker: this.#broker.state });
    try {
      this.#keep.health.attempt(() => writeStatus(this.#config.data, status, this.#keep.disk));
    } catch (error) {
      // The status is for people: an agent that cannot write it goes on.
      this.#log.warn({ err: error }, 'the status could not be written');
    }
  }
}

const RECORD_LOST: EventDraft = {
  kind: 'state.recovered',
  severity: Severity.SEVERITY_WARNING,
  code: 'STATE_CORRUPT',
  message: 'The record of this host was damaged and is begun anew.',
};

/** Nothing is fetched before everything is there. */
function running(agent: RunningAgent | undefined): RunningAgent {
  if (agent !== undefined) return agent;
  throw new MooringError('HUB_UNREACHABLE', 'Cannot fetch: the agent is still starting; a started agent is wanted');
}
