import type { Service } from '@mooring/proto';
import { compare, type Difference, noLongerSet } from '../canonical/compare.ts';
import { desiredFields } from '../canonical/desired-fields.ts';
import { CANONICAL_VERSION, type Fields } from '../canonical/fields.ts';
import type { Observed, OwnContainer, UnknownContainer } from '../observe/observed.ts';
import type { DesiredStack, MountPaths } from './desired.ts';
import { isPassingName } from './kept-name.ts';
import { linksOf } from './links.ts';
import type { Receipt } from './receipt.ts';

/** What comparing needs beside desired and observed. */
export interface ExpectationInput {
  readonly observed: Observed;
  readonly paths: MountPaths;
  receipt(container: string): Receipt | undefined;
}

/** A replica of a service, and the name that its container must have. */
export interface WantedReplica {
  readonly service: Service;
  readonly replica: number;
  readonly name: string;
}

/** How a container stands to what is desired of it. */
export interface Verdict {
  /** The canonical form that is wanted. */
  readonly desired: Fields;
  readonly differences: readonly Difference[];
  /** Fields that were asked for when it was made and no longer are, whose value only the engine knows. */
  readonly dropped: readonly string[];
}

/** One container and what it should be. */
export interface Pair {
  readonly desired: DesiredStack;
  readonly wanted: WantedReplica;
  readonly container: OwnContainer;
}

/** Compares one container with one replica. */
export function judge(pair: Pair, input: ExpectationInput): Verdict {
  const { container } = pair;
  const desired = desiredOf(pair, input);
  const receipt = input.receipt(container.id);
  const isValid = receipt !== undefined && isCurrent(receipt, input.observed.engine.defaults);
  const before = JUDGED.get(container.fields);
  if (before?.verdict.desired === desired && before.receipt === receipt && before.isValid === isValid)
    return before.verdict;
  const expected = { desired, receipt: isValid ? receipt.fields : undefined, silent: receipt?.desired };
  const differences = compare(expected, container.fields);
  const verdict = { desired, differences, dropped: isValid ? noLongerSet(receipt.desired, desired) : [] };
  JUDGED.set(container.fields, { receipt, isValid, verdict });
  return verdict;
}

// Forms are made once and never change: what was compared with the same before came to the same.
const JUDGED = new WeakMap<
  Fields,
  { readonly receipt: Receipt | undefined; readonly isValid: boolean; readonly verdict: Verdict }
>();

/** Whether a receipt was taken by these rules from this engine: others say nothing about it, and are taken anew. */
export function isCurrent({ canonical, engine }: Receipt, defaults: string): boolean {
  return canonical === CANONICAL_VERSION && engine === defaults;
}

// Services of an accepted assignment never change: their canonical forms are made once for each image and set of names.
const KNOWN = new WeakMap<MountPaths, WeakMap<Service, Map<string, Fields>>>();
/** Forms that are kept for one service: replicas times what they depend on; a service that is moved about more is worked out again. */
const MAX_KNOWN = 64;

/** The canonical form that a container of that replica must have. */
export function desiredOf(
  { desired, wanted, container }: Pair,
  { observed, paths, receipt }: ExpectationInput,
): Fields {
  const { stack, bundle } = desired;
  const { service, name } = wanted;
  const image = observed.images.get(container.imageId) ?? receipt(container.id)?.image ?? {};
  const modes = sharedModes(service).map((mode) => [mode, resolveMode(mode, stack, observed)] as const);
  const key = [stack, name, container.imageId, ...modes.flat()].join(' ');
  const known = knownOf(service, paths);
  const before = known.get(key);
  if (before !== undefined) return before;
  const resolved = new Map(modes);
  const volumes = new Map(bundle.volumes.map((volume) => [volume.key, volume.name]));
  const fields = desiredFields(service, {
    stack,
    name,
    image,
    paths,
    volumeName: (volume) => volumes.get(volume) ?? volume,
    mode: (mode) => resolved.get(mode) ?? mode,
    links: linksOf(service, desired, wanted.replica),
  });
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, fields);
  return fields;
}

function knownOf(service: Service, paths: MountPaths): Map<string, Fields> {
  const ofPaths = KNOWN.get(paths) ?? new WeakMap<Service, Map<string, Fields>>();
  const known = ofPaths.get(service) ?? new Map<string, Fields>();
  KNOWN.set(paths, ofPaths.set(service, known));
  return known;
}

const OF_SERVICE = 'service:';

/** Namespaces of other services that a service shares. */
export function namespaceModes({ container }: Service): readonly string[] {
  return [container?.networkMode ?? '', container?.pidMode ?? '', container?.ipcMode ?? ''].filter((mode) =>
    mode.startsWith(OF_SERVICE),
  );
}

/** Names of the services whose namespaces a service shares. */
export function namespaceServices(service: Service): readonly string[] {
  return namespaceModes(service).map((mode) => mode.slice(OF_SERVICE.length));
}

/** Namespaces and volumes of other services: the engine names them all by the ids of their containers. */
function sharedModes(service: Service): readonly string[] {
  const volumes = (service.container?.volumesFrom ?? []).filter((from) => from.startsWith(OF_SERVICE));
  return volumes.length === 0 ? namespaceModes(service) : [...namespaceModes(service), ...volumes];
}

/** Names of the services that its containers name by their ids. */
export function sharedServices(service: Service): readonly string[] {
  return sharedModes(service).map((mode) => mode.slice(OF_SERVICE.length));
}

/** The engine wants and tells ids: `container:<id>` of the service's first container. */
export function resolveMode(mode: string, stack: string, observed: Pick<Observed, 'containers' | 'unknown'>): string {
  return `container:${namespaceOwner(mode, stack, observed)?.id ?? mode.slice(OF_SERVICE.length)}`;
}

/** The container whose namespace a mode means: the service's first. */
export function namespaceOwner(
  mode: string,
  stack: string,
  { containers, unknown }: Pick<Observed, 'containers' | 'unknown'>,
): OwnContainer | UnknownContainer | undefined {
  const name = mode.slice(OF_SERVICE.length);
  return [...containers, ...unknown]
    .filter((container) => container.stack === stack && container.service === name && !isPassingName(container.name))
    .sort((a, b) => a.replica - b.replica)[0];
}
