import type { Network, Service, Volume } from '@mooring/proto';
import type { Fields } from '../canonical/fields.ts';
import type { ObservedNetwork, OwnContainer } from '../observe/observed.ts';
import type { LiveChange } from './live-change.ts';

/** What every step has. */
interface Why {
  readonly stack: string;
  /** One sentence without a subject: it follows what is done. */
  readonly reason: string;
  /** Fields that cause it, in Compose's own paths, sorted. */
  readonly fields: readonly string[];
}

/** One change to the engine, with everything that it takes and the reason for it. */
export type Step =
  | (Why & { readonly kind: 'create-network'; readonly network: Network })
  /** The containers of the stack go through it: they are stopped, taken off, put on the new one and started. */
  | (Why & {
      readonly kind: 'replace-network';
      readonly network: Network;
      readonly old: ObservedNetwork;
      readonly containers: readonly OwnContainer[];
    })
  | (Why & { readonly kind: 'create-volume'; readonly volume: Volume })
  /** Puts back what was signed behind a mount. */
  | (Why & { readonly kind: 'restore-content'; readonly path: string })
  | ContainerStep
  | (Why & {
      readonly kind: 'remove-container';
      readonly service: string;
      readonly container: OwnContainer;
      readonly makesWay: boolean;
    })
  | (Why & { readonly kind: 'remove-network'; readonly id: string; readonly name: string });

/** A step that brings one replica to where it should be. */
export type ContainerStep =
  | (ReplicaStep & { readonly kind: 'create-container' })
  /** Safe order: the old one is kept until the new one is healthy. */
  | (ReplicaStep & {
      readonly kind: 'replace-container';
      readonly old: OwnContainer;
      /** The new one is healthy before the old one stops. */
      readonly overlaps: boolean;
    })
  /** It goes on running. `desired` is the whole form that it then has. */
  | (ReplicaStep & {
      readonly kind: 'update-container';
      readonly container: OwnContainer;
      readonly change: LiveChange;
      readonly desired: Fields;
    })
  /** Its specification reads differently and asks for what is there: only the record changes. */
  | (ReplicaStep & { readonly kind: 'keep-container'; readonly container: OwnContainer; readonly desired: Fields })
  | (ReplicaStep & { readonly kind: 'start-container'; readonly container: OwnContainer })
  | (ReplicaStep & { readonly kind: 'restart-container'; readonly container: OwnContainer })
  | (ReplicaStep & { readonly kind: 'unpause-container'; readonly container: OwnContainer });

interface ReplicaStep extends Why {
  readonly service: Service;
  readonly replica: number;
  /** Final name of the container. */
  readonly name: string;
}

/** True for steps that bring a replica to where it should be. */
export function isContainerStep(step: Step): step is ContainerStep {
  return CONTAINER_STEPS.has(step.kind);
}

const CONTAINER_STEPS: ReadonlySet<Step['kind']> = new Set([
  'create-container',
  'replace-container',
  'update-container',
  'keep-container',
  'start-container',
  'restart-container',
  'unpause-container',
]);

/** The step as one sentence: log, event, plan and report show the same words. */
export function describe(step: Step): string {
  return `${act(step)}: ${step.reason}`;
}

/** What the step is about, by its name on the engine. */
export function objectOf(step: Step): string {
  switch (step.kind) {
    case 'create-network':
    case 'replace-network':
      return step.network.name;
    case 'create-volume':
      return step.volume.name;
    case 'restore-content':
      return step.path;
    case 'remove-container':
      return step.container.name;
    default:
      return step.name;
  }
}

function act(step: Step): string {
  switch (step.kind) {
    case 'create-network':
      return `create network ${step.network.name}`;
    case 'replace-network':
      return `replace network ${step.network.name}`;
    case 'create-volume':
      return `create volume ${step.volume.name}`;
    case 'restore-content':
      return `restore the content behind ${step.fields.join(', ')}`;
    case 'create-container':
      return `create container ${step.name}`;
    case 'replace-container':
      return `replace container ${step.name}${step.overlaps ? ', the new one first' : ''}`;
    case 'update-container':
      return `update container ${step.container.name}`;
    case 'keep-container':
      return `keep container ${step.name}`;
    case 'start-container':
      return `start container ${step.name}`;
    case 'restart-container':
      return `restart container ${step.name}`;
    case 'unpause-container':
      return `unpause container ${step.name}`;
    case 'remove-container':
      return `remove container ${step.container.name}`;
    case 'remove-network':
      return `remove network ${step.name}`;
  }
}
