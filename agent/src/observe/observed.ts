import type { ContainerDetails, EngineDescription, NamedObject } from './engine.ts';

/** Everything on the engine that matters to this agent, at one moment. */
export interface Observed {
  readonly engine: EngineDescription;
  /** Containers of ours, kept ones included. */
  readonly containers: readonly OwnContainer[];
  /** Names of all other containers, sorted. */
  readonly foreignContainers: readonly string[];
  readonly networks: readonly ObservedObject[];
  readonly volumes: readonly ObservedObject[];
  readonly atMs: number;
}

/** A container of ours. */
export interface OwnContainer extends ContainerDetails {
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  readonly specDigest: string;
}

/** A network or volume. */
export interface ObservedObject extends NamedObject {
  /** By label and record. */
  readonly ours: boolean;
  /** Stack of an own one; empty for others. */
  readonly stack: string;
  /** Key in the bundle; empty for others. */
  readonly key: string;
  readonly specDigest: string;
}
