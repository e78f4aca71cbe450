import {
  type ConnectRequest,
  ContainerState,
  Drift,
  DriftAction,
  DriftKind,
  DriftObject,
  HealthState,
  Hello,
  HostState,
  PROTOCOL_VERSION,
  type Report,
  ServiceState,
  StackState,
  SyncState,
} from '@mooring/proto';

/** What an agent says first. */
export function helloOf(host: string): ConnectRequest {
  const value = Hello.fromPartial({
    host,
    protocol: PROTOCOL_VERSION,
    agentVersion: '0.1.0',
    features: ['files'],
    outboxId: `outbox-${host}`,
    bootId: `boot-${host}`,
    machineId: `machine-${host}`,
    questions: ['resend', 'plan', 'logs', 'explain'],
  });
  return { message: { $case: 'hello', value } };
}

/** A report without its sequence. */
export type ReportContent = Omit<Report, 'sequence'>;

/** A report of the host and all its stacks. */
export function fullReport(stacks: readonly StackState[], generation: bigint): ReportContent {
  const host = HostState.fromPartial({
    engine: { version: '26.1.5', apiVersion: '1.45', operatingSystem: 'Debian 12', architecture: 'amd64', cpus: 2 },
    acceptedGeneration: generation,
    appliedGeneration: generation,
    observedAtMs: BigInt(Date.now()),
  });
  return { full: true, host, stacks: [...stacks], goneStacks: [] };
}

/** A report of one stack that changed. */
export function deltaReport(state: StackState): ReportContent {
  return { full: false, host: undefined, stacks: [state], goneStacks: [] };
}

/** A stack as it was assigned. */
export interface AssignedStack {
  readonly stack: string;
  readonly commit: string;
  readonly bundle: string;
  readonly generation: bigint;
}

/** A stack that runs well, with a container for each service; containers of another digit are others. */
export function stackState(assigned: AssignedStack, services: readonly string[], digit = '0'): StackState {
  return StackState.fromPartial({
    ...assigned,
    sync: SyncState.SYNC_STATE_SYNCED,
    health: HealthState.HEALTH_STATE_HEALTHY,
    services: services.map((service) => serviceState(assigned.stack, service, digit.repeat(64))),
    appliedAtMs: 1_900_000_000_000n,
  });
}

/** The stack with one container that is not as it should be. */
export function drifted(state: StackState): StackState {
  const service = state.services[0]?.service ?? '';
  const drift = Drift.fromPartial({
    service,
    replica: 1,
    kind: DriftKind.DRIFT_KIND_MODIFIED,
    object: DriftObject.DRIFT_OBJECT_CONTAINER,
    name: `${state.stack}-${service}-1`,
    field: 'restart.name',
    desired: 'unless-stopped',
    observed: 'no',
    action: DriftAction.DRIFT_ACTION_REPORTED,
  });
  return { ...state, sync: SyncState.SYNC_STATE_DRIFTED, drift: [drift] };
}

function serviceState(stack: string, service: string, id: string): ServiceState {
  const container = ContainerState.fromPartial({
    id,
    name: `${stack}-${service}-1`,
    replica: 1,
    status: 'running',
    image: `registry.example/${service}:1`,
    imageId: `sha256:${id}`,
    specDigest: `sha256:${id}`,
    startedAtMs: 1_900_000_000_000n,
  });
  return ServiceState.fromPartial({
    service,
    desired: 1,
    ready: 1,
    health: HealthState.HEALTH_STATE_HEALTHY,
    containers: [container],
  });
}
