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
import { count, entries, invalid, isMember, memberOr, name, sentence } from './checks.ts';

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
    reason: sentence(withNews(state.reason, newsOf(STATES, state))),
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
    reason: sentence(withNews(state.reason, newsOf({ health: STATES.health }, state))),
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
    kind: memberOr(DriftKind, drift.kind, {
      what: 'kind of a difference',
      otherwise: DriftKind.DRIFT_KIND_UNSPECIFIED,
    }),
    object: memberOr(DriftObject, drift.object, {
      what: 'object of a difference',
      otherwise: DriftObject.DRIFT_OBJECT_UNSPECIFIED,
    }),
    name: name(drift.name),
    field: name(drift.field),
    desired: sentence(drift.desired),
    observed: sentence(drift.observed),
    sinceMs: count(drift.sinceMs, 'time of a difference'),
    action: memberOr(DriftAction, drift.action, {
      what: 'action of a difference',
      otherwise: DriftAction.DRIFT_ACTION_UNSPECIFIED,
    }),
    reason: sentence(withNews(drift.reason, newsOf(DIFFERENCES, drift))),
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

/** What is not said is not known, and neither is what this hub does not know. */
function checkedSync(sync: SyncState): SyncState {
  const otherwise = SyncState.SYNC_STATE_UNKNOWN;
  return sync === SyncState.SYNC_STATE_UNSPECIFIED
    ? otherwise
    : memberOr(SyncState, sync, { what: 'sync of a stack', otherwise });
}

function checkedHealth(health: HealthState): HealthState {
  const otherwise = HealthState.HEALTH_STATE_UNKNOWN;
  return health === HealthState.HEALTH_STATE_UNSPECIFIED
    ? otherwise
    : memberOr(HealthState, health, { what: 'health of a stack', otherwise });
}

const STATES = { sync: SyncState, health: HealthState };
const DIFFERENCES = { kind: DriftKind, object: DriftObject, action: DriftAction };

/** What an agent of a later release says in numbers that this hub does not know, in words: `kind 9`. */
function newsOf<Key extends string>(
  known: Readonly<Record<Key, Readonly<Record<string, number>>>>,
  said: Readonly<Record<NoInfer<Key>, number>>,
): readonly string[] {
  const keys = Object.keys(known) as Key[];
  return keys.filter((key) => !isMember(known[key], said[key])).map((key) => `${key} ${said[key]}`);
}

function withNews(reason: string, news: readonly string[]): string {
  if (news.length === 0) return reason;
  const unknown = `its agent says ${news.join(' and ')}, which this hub is too old to know; a hub of its release is wanted`;
  return reason === '' ? unknown : `${unknown}: ${reason}`;
}
