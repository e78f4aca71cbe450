import {
  ContainerState,
  type Drift,
  DriftKind,
  HealthState,
  MAX_DRIFT_PER_STACK,
  type Problem,
  type Service,
  type ServiceState,
  type StackState,
  SyncState,
} from '@mooring/proto';
import type { CompletedReplica, Completion } from '../apply/ports.ts';
import type { Observed, OwnContainer, UnknownContainer } from '../observe/observed.ts';
import { isPassingName } from '../plan/kept-name.ts';
import { isFinished } from '../plan/one-shot.ts';
import type { StackPlan } from '../plan/plan.ts';

/** Milliseconds of running that count as healthy where there is no healthcheck. */
const HEALTHY_AFTER_MS = 10_000;

/** What the reconciler knows of a stack beside what is observed. */
export interface StackFacts {
  /** True while its steps are being performed. */
  readonly applying: boolean;
  readonly problem: Problem | undefined;
  /** Why a change does not begin yet; empty: nothing is waited for. */
  readonly waits: string;
  /** Unix milliseconds of the last apply that finished; 0: none. */
  readonly appliedAtMs: number;
  readonly lastHealthyBundle: string;
  /** How a one-shot ended whose container may be gone. */
  completion(replica: CompletedReplica): Completion | undefined;
}

/** What is said of one stack. `since` is filled in by whoever compares with what was said before. */
export function assessStack(plan: StackPlan, observed: Observed, facts: StackFacts): Omit<StackState, 'sinceMs'> {
  const { desired, stack, unknown } = plan;
  const containers = Map.groupBy(
    observed.containers.filter((container) => container.stack === stack && !isPassingName(container.name)),
    ({ service }) => service,
  );
  const isDone = (service: Service, replica: number) =>
    facts.completion({ stack, service: service.name, replica, specDigest: service.specDigest })?.exitCode === 0;
  const services = (desired?.bundle.services ?? []).map((service) =>
    assessService(service, containers.get(service.name) ?? [], {
      nowMs: observed.atMs,
      isDone,
      unknown: unknown.filter((container) => container.service === service.name),
    }),
  );
  const health = services.reduce<HealthState>(
    (worst, service) => worseHealth(worst, service.health),
    HealthState.HEALTH_STATE_HEALTHY,
  );
  const sync = syncOf(plan, facts);
  return {
    stack,
    host: '',
    commit: desired?.commit ?? '',
    bundle: desired?.bundleObject ?? '',
    generation: desired?.generation ?? 0n,
    sync,
    health,
    reason: reasonOf(plan, services, facts),
    services,
    drift: plan.drift.slice(0, MAX_DRIFT_PER_STACK),
    driftIncomplete: plan.drift.length > MAX_DRIFT_PER_STACK,
    problem: facts.problem ?? unknownProblem(plan, observed.atMs),
    appliedAtMs: BigInt(facts.appliedAtMs),
    lastHealthyBundle: facts.lastHealthyBundle,
  };
}

/** What is not known is a problem as long as there is no other. */
function unknownProblem({ unknown: [first] }: StackPlan, nowMs: number): Problem | undefined {
  if (first === undefined) return undefined;
  const { code, message, hint = '' } = first.error;
  return { code, message, hint, sinceMs: BigInt(nowMs) };
}

function syncOf({ desired, steps, drift, unknown }: StackPlan, { applying, problem }: StackFacts): SyncState {
  if (problem !== undefined) return SyncState.SYNC_STATE_FAILED;
  if (unknown.length > 0) return SyncState.SYNC_STATE_UNKNOWN;
  if (applying || desired === undefined) return SyncState.SYNC_STATE_APPLYING;
  if (drift.length > 0) return SyncState.SYNC_STATE_DRIFTED;
  if (desired.hold !== undefined) return SyncState.SYNC_STATE_HELD;
  return steps.length > 0 ? SyncState.SYNC_STATE_APPLYING : SyncState.SYNC_STATE_SYNCED;
}

function reasonOf(
  { drift, unknown }: StackPlan,
  services: readonly ServiceState[],
  { problem, waits }: StackFacts,
): string {
  const told = problem ?? unknown[0]?.error;
  if (told !== undefined) return `${told.code}: ${told.message}`;
  if (waits !== '') return waits;
  const [first] = drift;
  if (first !== undefined) return driftReason(first);
  return services.find(({ reason }) => reason !== '')?.reason ?? '';
}

/** How a conflict about an address reads. */
const TAKEN = /^held by /;

function driftReason({ kind, name, field, desired, observed }: Drift): string {
  if (kind === DriftKind.DRIFT_KIND_IMAGE_MOVED) return `${name} runs another image than its reference names now`;
  if (TAKEN.test(observed)) return `${name} cannot have address ${desired}: it is ${observed}`;
  return `${name} ${field === '' ? observed : `is ${observed}`}`;
}

interface Judging {
  readonly nowMs: number;
  /** Whether the replica did its work once and for all. */
  isDone(service: Service, replica: number): boolean;
  /** Containers of the service about which nobody knows. */
  readonly unknown: readonly UnknownContainer[];
}

function assessService(
  service: Service,
  containers: readonly OwnContainer[],
  { nowMs, isDone, unknown }: Judging,
): ServiceState {
  const own = containers
    .filter((container) => container.replica <= service.replicas)
    .sort((a, b) => a.replica - b.replica);
  const judged = [...own.map((container) => judge(container, nowMs)), ...unknown.map(judgeUnknown)];
  const there = new Set([...own, ...unknown].map(({ replica }) => replica));
  const absent = Array.from({ length: service.replicas }, (_, index) => index + 1).filter(
    (replica) => !there.has(replica),
  );
  const done = absent.filter((replica) => isDone(service, replica)).length;
  const missing = absent.length - done;
  const all: readonly Judgement[] =
    missing > 0
      ? [
          ...judged,
          {
            health: HealthState.HEALTH_STATE_MISSING,
            reason: `${missing} of ${service.replicas} containers of ${service.name} are missing`,
          },
        ]
      : judged;
  const suspended: Judgement = { health: HealthState.HEALTH_STATE_SUSPENDED, reason: '' };
  const completed: Judgement = { health: HealthState.HEALTH_STATE_HEALTHY, reason: '' };
  const worst = all.toSorted((a, b) => a.health - b.health)[0] ?? (done > 0 ? completed : suspended);
  return {
    service: service.name,
    desired: service.replicas,
    ready: judged.filter(({ health }) => health === HealthState.HEALTH_STATE_HEALTHY).length + done,
    health: worst.health,
    reason: worst.reason,
    containers: [...own.map(toContainerState), ...unknown.map(toUnknownState)],
  };
}

interface Judgement {
  readonly health: HealthState;
  readonly reason: string;
}

function judgeUnknown({ name }: UnknownContainer): Judgement {
  return {
    health: HealthState.HEALTH_STATE_UNKNOWN,
    reason: `nobody knows how ${name} is: the engine does not answer about it`,
  };
}

/** How well one container is. */
export function judge(container: OwnContainer, nowMs: number): Judgement {
  const { name, status, health, exitCode, error } = container;
  if (isFinished(container)) return { health: HealthState.HEALTH_STATE_HEALTHY, reason: '' };
  switch (status) {
    case 'running':
      return judgeRunning(container, nowMs);
    case 'created':
      return error === ''
        ? { health: HealthState.HEALTH_STATE_PROGRESSING, reason: `${name} is not started yet` }
        : { health: HealthState.HEALTH_STATE_DEGRADED, reason: `${name} cannot start: ${error}` };
    case 'paused':
      return { health: HealthState.HEALTH_STATE_SUSPENDED, reason: `${name} is paused` };
    case 'exited':
      return { health: HealthState.HEALTH_STATE_DEGRADED, reason: `${name} exited with ${exitCode}` };
    default:
      return {
        health: HealthState.HEALTH_STATE_DEGRADED,
        reason: `${name} is ${status}${health === '' ? '' : `, ${health}`}`,
      };
  }
}

function judgeRunning({ name, health, startedAtMs }: OwnContainer, nowMs: number): Judgement {
  if (health === 'unhealthy')
    return { health: HealthState.HEALTH_STATE_DEGRADED, reason: `the healthcheck of ${name} fails` };
  if (health === 'starting')
    return { health: HealthState.HEALTH_STATE_PROGRESSING, reason: `the healthcheck of ${name} has not succeeded yet` };
  const ranMs = nowMs - startedAtMs;
  // A start that lies ahead was before the clock was set back.
  if (health === '' && ranMs >= 0 && ranMs < HEALTHY_AFTER_MS)
    return {
      health: HealthState.HEALTH_STATE_PROGRESSING,
      reason: `${name} has not run for ${HEALTHY_AFTER_MS / 1000} s yet`,
    };
  return { health: HealthState.HEALTH_STATE_HEALTHY, reason: '' };
}

/** When the next look will find a container healthy that only has to run on; 0: there is none. */
export function nextHealthyAtMs(observed: Observed): number {
  const times = observed.containers
    .filter(
      ({ status, health, startedAtMs }) =>
        status === 'running' && health === '' && observed.atMs - startedAtMs < HEALTHY_AFTER_MS,
    )
    .map(({ startedAtMs }) => startedAtMs + HEALTHY_AFTER_MS);
  return times.length === 0 ? 0 : Math.min(...times);
}

/** The worse of two. */
export function worseHealth(a: HealthState, b: HealthState): HealthState {
  return a < b ? a : b;
}

/** A container as it is reported. */
export function toContainerState(container: OwnContainer): ContainerState {
  const { id, name, replica, status, health, image, imageId, specDigest, startedAtMs, exitCode, restarts, ports } =
    container;
  return {
    id,
    name,
    replica,
    status,
    health,
    image,
    imageId,
    specDigest,
    startedAtMs: BigInt(startedAtMs),
    exitCode,
    restarts,
    ports: [...ports],
  };
}

function toUnknownState({ id, name, replica }: UnknownContainer): ContainerState {
  return ContainerState.fromPartial({ id, name, replica, status: 'unknown' });
}
