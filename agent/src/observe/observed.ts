import type { MooringError } from '@mooring/proto';
import type { Fields } from '../canonical/fields.ts';
import type { ContainerDetails, ContainerSummary, EngineDescription, NetworkDetails, VolumeDetails } from './engine.ts';
import type { InspectedConfig } from './inspected.ts';

/** Everything on the engine that matters to this agent, at one moment. */
export interface Observed {
  readonly engine: EngineDescription;
  /** Containers of ours, kept ones included. */
  readonly containers: readonly OwnContainer[];
  /** Containers that carry our labels and are not on record: nobody's, until they are taken back. */
  readonly strangers: readonly OwnContainer[];
  /** Containers that carry our labels and about which the engine says nothing: nobody knows how they are. */
  readonly unknown: readonly UnknownContainer[];
  /** Names of all containers that are not ours, sorted; strangers are among them. */
  readonly foreignContainers: readonly string[];
  /** Those of them that docker compose made for a project, by name. */
  readonly composeContainers: ReadonlyMap<string, ComposePlace>;
  readonly networks: readonly ObservedNetwork[];
  readonly volumes: readonly ObservedVolume[];
  /** What images set, by id; those of containers above whose image is still on the host. */
  readonly images: ReadonlyMap<string, InspectedConfig>;
  /** Ids of the images that tags name now, by the tag as the bundles write it; what cannot move, and what is not on the host, is not among them. */
  readonly tags: ReadonlyMap<string, string>;
  /** Who holds an address, by network id and address. */
  readonly addresses: ReadonlyMap<string, AddressHolder>;
  /** Contents behind mounts, by the path that is mounted. */
  readonly contents: ReadonlyMap<string, ContentState>;
  readonly atMs: number;
}

/** Where docker compose put a container. */
export interface ComposePlace {
  readonly project: string;
  readonly service: string;
  readonly replica: number;
}

/** A container, ours or not, that holds an address. */
export interface AddressHolder {
  readonly id: string;
  readonly name: string;
}

/** What is behind a mount. */
export interface ContentState {
  /** Empty: it is what was signed. Otherwise the digest of what is there, "gone", or what is too much. */
  readonly damage: string;
  /** Unix milliseconds since when it is there: a container that runs for longer mounts what was there before. */
  readonly sinceMs: number;
}

/** A container of ours. */
export interface OwnContainer extends ContainerDetails {
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  /** Digest of the specification that it satisfies: that of its making, or a later one that it was brought to while it ran. */
  readonly specDigest: string;
  /** The canonical form. */
  readonly fields: Fields;
  /** Somebody stopped it, and nobody started it since. */
  readonly stoppedByHand: boolean;
}

/** A container of which only the list tells. Its labels are what it was made with; whether it is as it should be, nobody knows. */
export interface UnknownContainer extends ContainerSummary {
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  /** Why nobody knows. */
  readonly error: MooringError;
}

/** Whose a network or volume is. */
interface Ownership {
  /** By label and record. */
  readonly ours: boolean;
  /** Stack of an own one; empty for others. */
  readonly stack: string;
  /** Key in the bundle; empty for others. */
  readonly key: string;
  readonly specDigest: string;
}

/** A network. */
export interface ObservedNetwork extends NetworkDetails, Ownership {}

/** A volume. */
export interface ObservedVolume extends VolumeDetails, Ownership {}
