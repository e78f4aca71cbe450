import { containerName, type Service } from '@mooring/proto';
import type { Observed, OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { Finding } from './finding.ts';
import { isKeptName } from './kept-name.ts';
import type { PlanMemory } from './memory.ts';
import { startOrder } from './start-order.ts';
import { NETWORK_CHANGED, type Step } from './step.ts';

/** What planning services needs to know. */
export interface ServicesInput {
  readonly observed: Observed;
  /** Containers of the stack. */
  readonly containers: readonly OwnContainer[];
  readonly memory: PlanMemory;
  readonly nowMs: number;
  /** Keys of networks that are made anew. */
  readonly changedNetworks: ReadonlySet<string>;
}

/** Compares each replica with its container, services in the order that their dependencies ask for. */
export function planServices(desired: DesiredStack, input: ServicesInput): readonly Finding[] {
  const services = startOrder(desired.bundle.services);
  const findings = services.flatMap((service) =>
    replicasOf(service).flatMap((replica) => planReplica(desired, { service, replica }, input)),
  );
  return [...findings, ...planExtra(desired, input)];
}

function replicasOf({ replicas }: Service): number[] {
  return Array.from({ length: replicas }, (_, index) => index + 1);
}

interface Replica {
  readonly service: Service;
  readonly replica: number;
}

function planReplica(desired: DesiredStack, { service, replica }: Replica, input: ServicesInput): Finding[] {
  const { stack } = desired;
  const name = service.containerName || containerName(stack, service.name, replica);
  const base = { stack, service, replica, name };
  const finding = (kind: Finding['kind'], steps: readonly Step[], words: Partial<Finding> = {}): Finding[] => [
    {
      kind,
      object: 'container',
      service: service.name,
      replica,
      name,
      field: '',
      desired: '',
      observed: '',
      steps,
      ...words,
    },
  ];
  const container = input.containers.find(
    (own) => own.service === service.name && own.replica === replica && !isKeptName(own.name),
  );
  if (container?.status === 'removing')
    return finding('missing', remade(base, container, BEING_REMOVED), { desired: 'running', observed: 'absent' });
  if (container === undefined) {
    if (input.observed.foreignContainers.includes(name)) return finding('conflict', [], { observed: 'foreign' });
    return finding('missing', [{ ...base, kind: 'create-container', reason: 'it does not exist' }], {
      desired: 'running',
      observed: 'absent',
    });
  }
  if (usesChangedNetwork(service, input)) {
    return finding('changed', remade(base, container, { gone: NETWORK_CHANGED, back: NETWORK_CHANGED }));
  }
  if (container.specDigest !== service.specDigest) {
    return finding('changed', [
      { ...base, kind: 'replace-container', old: container, reason: 'its specification changed in Git' },
    ]);
  }
  const state = { field: 'state', desired: 'running', observed: container.status };
  if (isRunning(container) || isFinished(container)) return [];
  if (container.status === 'paused')
    return finding('modified', [{ ...base, kind: 'unpause-container', container, reason: 'it is paused' }], state);
  if (container.status === 'dead')
    return finding('modified', remade(base, container, { gone: 'it is dead', back: 'it was dead' }), state);
  const waits = input.memory.startNotBeforeMs(name, service.specDigest) > input.nowMs;
  const steps: readonly Step[] = waits
    ? []
    : [{ ...base, kind: 'start-container', container, reason: `it is ${container.status}` }];
  return finding('modified', steps, state);
}

// A removal ends when the name is free, whoever began it.
const BEING_REMOVED = { gone: 'its removal had begun', back: 'it was removed' };

/** Steps for a container that can only be made anew. */
function remade(
  base: Replica & { readonly stack: string; readonly name: string },
  container: OwnContainer,
  reasons: { readonly gone: string; readonly back: string },
): Step[] {
  const { stack, service } = base;
  return [
    { kind: 'remove-container', stack, service: service.name, container, makesWay: true, reason: reasons.gone },
    { ...base, kind: 'create-container', reason: reasons.back },
  ];
}

function usesChangedNetwork({ container }: Service, { changedNetworks }: ServicesInput): boolean {
  return container?.networks.some(({ network }) => changedNetworks.has(network)) ?? false;
}

// The engine itself starts a container again that its policy restarts.
function isRunning({ status }: OwnContainer): boolean {
  return status === 'running' || status === 'restarting';
}

/** A one-shot that exited 0 has done its work for this specification. */
export function isFinished({ status, exitCode, startedAtMs, restartPolicy }: OwnContainer): boolean {
  return (
    status === 'exited' &&
    exitCode === 0 &&
    startedAtMs > 0 &&
    (restartPolicy === 'no' || restartPolicy === 'on-failure')
  );
}

function planExtra({ stack, bundle }: DesiredStack, { containers }: ServicesInput): readonly Finding[] {
  const replicas = new Map(bundle.services.map((service) => [service.name, service.replicas]));
  const unwanted = containers.filter(
    ({ service, replica, name }) => isKeptName(name) || replica < 1 || replica > (replicas.get(service) ?? 0),
  );
  return unwanted.map((container) => ({
    kind: 'extra',
    object: 'container',
    service: container.service,
    replica: container.replica,
    name: container.name,
    field: '',
    desired: '',
    observed: container.status,
    steps: [
      {
        kind: 'remove-container',
        stack,
        service: container.service,
        container,
        makesWay: false,
        reason: 'Git no longer names it',
      },
    ],
  }));
}
