import type { Network, Service, Volume } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';

/** One change to the engine, with everything that it takes and the reason for it. */
export type Step =
  | { readonly kind: 'create-network'; readonly stack: string; readonly network: Network; readonly reason: string }
  | { readonly kind: 'create-volume'; readonly stack: string; readonly volume: Volume; readonly reason: string }
  | ContainerStep
  | {
      readonly kind: 'remove-container';
      readonly stack: string;
      readonly service: string;
      readonly container: OwnContainer;
      /** True: what takes its place is created after it. */
      readonly makesWay: boolean;
      readonly reason: string;
    }
  | {
      readonly kind: 'remove-network';
      readonly stack: string;
      readonly id: string;
      readonly name: string;
      /** True: what takes its place is created after it. */
      readonly makesWay: boolean;
      readonly reason: string;
    };

/** A step that brings one replica to where it should be. */
export type ContainerStep =
  | (ReplicaStep & { readonly kind: 'create-container' })
  /** Safe order: the old one is kept until the new one is healthy. */
  | (ReplicaStep & { readonly kind: 'replace-container'; readonly old: OwnContainer })
  | (ReplicaStep & { readonly kind: 'start-container'; readonly container: OwnContainer })
  | (ReplicaStep & { readonly kind: 'unpause-container'; readonly container: OwnContainer });

interface ReplicaStep {
  readonly stack: string;
  readonly service: Service;
  readonly replica: number;
  /** Final name of the container. */
  readonly name: string;
  readonly reason: string;
}

/** Why containers and networks make way for a changed network. */
export const NETWORK_CHANGED = 'the network changed in Git';

/** True for steps that bring a replica to where it should be. */
export function isContainerStep(step: Step): step is ContainerStep {
  return CONTAINER_STEPS.has(step.kind);
}

const CONTAINER_STEPS: ReadonlySet<Step['kind']> = new Set([
  'create-container',
  'replace-container',
  'start-container',
  'unpause-container',
]);

/** The step as one sentence: log, event and report show the same words. */
export function describe(step: Step): string {
  return `${act(step)}: ${step.reason}`;
}

function act(step: Step): string {
  switch (step.kind) {
    case 'create-network':
      return `create network ${step.network.name}`;
    case 'create-volume':
      return `create volume ${step.volume.name}`;
    case 'create-container':
      return `create container ${step.name}`;
    case 'replace-container':
      return `replace container ${step.name}`;
    case 'start-container':
      return `start container ${step.name}`;
    case 'unpause-container':
      return `unpause container ${step.name}`;
    case 'remove-container':
      return `remove container ${step.container.name}`;
    case 'remove-network':
      return `remove network ${step.name}`;
  }
}
