import {
  type ContainerState,
  type Drift,
  DriftAction,
  DriftKind,
  DriftObject,
  HealthState,
  type HostState,
  isStackName,
  MAX_DRIFT_PER_STACK,
  MAX_UNMANAGED_NAMES,
  type Problem,
  type Report,
  type ServiceState,
  STACK_NAME_GRAMMAR,
  type StackState,
  SyncState,
} from '@mooring/proto';
import { count, entries, invalid, member, name, sentence } from './checks.ts';

/** A report whose every text is safe to show and every number safe to store. Throws INVALID_ARGUMENT. */
export function checkedReport(report: Report): Report {
  if (report.full && report.host === undefined)
    throw invalid('report', 'it is full and the host is missing; both are wanted');
  return {
    ...report,
    sequence: count(report.sequence, 'sequence of a report'),
    host: report.host === undefined ? undefined : checkedHost(report.host),
    stacks: entries(report.stacks, 'stacks of a report').map(checkedStack),
    goneStacks: entries(report.goneStacks, 'gone stacks of a report').map(checkedStackName),
  };
}

function checkedHost(state: HostState): HostState {
  const engine = state.engine;
  return {
    ...state,
    engine: engine && {
      ...engine,
      version: name(engine.version),
      apiVersion: name(engine.apiVersion),
      operatingSystem: name(engine.operatingSystem),
      architecture: name(engine.architecture),
    },
    acceptedGeneration: count(state.acceptedGeneration, 'accepted generation'),
    acceptedDigest: name(state.acceptedDigest),
    appliedGeneration: count(state.appliedGeneration, 'applied generation'),
    unmanaged: state.unmanaged.slice(0, MAX_UNMANAGED_NAMES).map(name),
    refusal: checkedProblem(state.refusal),
    problem: checkedProblem(state.problem),
    observedAtMs: count(state.observedAtMs, 'time of observation'),
    removedStacks: entries(state.removedStacks, 'removed stacks').map(checkedStackName),
  };
}

function checkedStack(state: StackState): StackState {
  return {
    ...state,
    stack: checkedStackName(state.stack),
    commit: name(state.commit),
    bundle: name(state.bundle),
    generation: count(state.generation, 'generation of a stack'),
    sync: checkedSync(state.sync),
    health: checkedHealth(state.health),
    reason: sentence(state.reason),
    sinceMs: count(state.sinceMs, 'time of a stack'),
    services: entries(state.services, 'services of a stack').map(checkedService),
    drift: state.drift.slice(0, MAX_DRIFT_PER_STACK).map(checkedDrift),
    driftIncomplete: state.driftIncomplete || state.drift.length > MAX_DRIFT_PER_STACK,
    problem: checkedProblem(state.problem),
    appliedAtMs: count(state.appliedAtMs, 'time of an apply'),
    lastHealthyBundle: name(state.lastHealthyBundle),
  };
}

function checkedService(state: ServiceState): ServiceState {
  return {
    ...state,
    service: name(state.service),
    health: checkedHealth(state.health),
    reason: sentence(state.reason),
    containers: entries(state.containers, 'containers of a service').map(checkedContainer),
  };
}

function checkedContainer(state: ContainerState): ContainerState {
  return {
    ...state,
    id: name(state.id),
    name: name(state.name),
    status: name(state.status),
    health: name(state.health),
    image: name(state.image),
    imageId: name(state.imageId),
    specDigest: name(state.specDigest),
    startedAtMs: count(state.startedAtMs, 'time of a start'),
    ports: entries(state.ports, 'ports of a container').map(name),
  };
}

function checkedDrift(drift: Drift): Drift {
  return {
    ...drift,
    service: name(drift.service),
    kind: member(DriftKind, drift.kind, 'kind of a difference'),
    object: member(DriftObject, drift.object, 'object of a difference'),
    name: name(drift.name),
    field: name(drift.field),
    desired: sentence(drift.desired),
    observed: sentence(drift.observed),
    sinceMs: count(drift.sinceMs, 'time of a difference'),
    action: member(DriftAction, drift.action, 'action of a difference'),
    reason: sentence(drift.reason),
  };
}

function checkedProblem(problem: Problem | undefined): Problem | undefined {
  if (problem === undefined) return undefined;
  return {
    code: name(problem.code),
    message: sentence(problem.message),
    hint: sentence(problem.hint),
    sinceMs: count(problem.sinceMs, 'time of a problem'),
  };
}

function checkedStackName(text: string): string {
  if (!isStackName(text))
    throw invalid('name of a stack', `"${name(text)}" is no such name; ${STACK_NAME_GRAMMAR} is wanted`);
  return text;
}

/** What is not said is not known. */
function checkedSync(sync: SyncState): SyncState {
  return sync === SyncState.SYNC_STATE_UNSPECIFIED
    ? SyncState.SYNC_STATE_UNKNOWN
    : member(SyncState, sync, 'sync of a stack');
}

function checkedHealth(health: HealthState): HealthState {
  return health === HealthState.HEALTH_STATE_UNSPECIFIED
    ? HealthState.HEALTH_STATE_UNKNOWN
    : member(HealthState, health, 'health of a stack');
}
