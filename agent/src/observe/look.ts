import { LABELS } from '@mooring/proto';
import type { OwnRecord } from '../apply/ports.ts';
import type { ContainerSummary, Engine, EngineDescription, NamedObject } from './engine.ts';
import type { Observed, ObservedObject, OwnContainer } from './observed.ts';

/** What looking needs to know. */
export interface LookParts {
  readonly engine: Engine;
  readonly fleetId: string;
  readonly record: OwnRecord;
  /** Spec digests that the accepted assignment names: a container with one of them is taken back when the record is lost. */
  readonly knownSpecs: ReadonlySet<string>;
  readonly now: () => number;
  /** The engine about itself, as it was asked last; undefined: ask. */
  readonly description: EngineDescription | undefined;
  /** Called for each object that is taken back. */
  readonly takenBack: (name: string) => void;
}

/** Looks at the whole engine. An object is ours when our label and our record say so. */
export async function look(parts: LookParts): Promise<Observed> {
  const { engine, now } = parts;
  const [description, containers, networks, volumes] = await Promise.all([
    parts.description ?? engine.describe(),
    engine.listContainers(),
    engine.listNetworks(),
    engine.listVolumes(),
  ]);
  const own = containers.filter((container) => isOwnContainer(parts, container));
  const ids = new Set(own.map(({ id }) => id));
  const details = await Promise.all(own.map(({ id }) => engine.inspectContainer(id)));
  return {
    engine: description,
    containers: details.filter((container) => container !== undefined).map(toOwnContainer),
    foreignContainers: containers
      .filter(({ id }) => !ids.has(id))
      .map(({ name }) => name)
      .sort(),
    networks: networks.map((network) => toObserved(parts, 'network', network)),
    volumes: volumes.map((volume) => toObserved(parts, 'volume', volume)),
    atMs: now(),
  };
}

function isOwnContainer(
  { fleetId, record, knownSpecs, takenBack }: LookParts,
  { id, name, labels }: ContainerSummary,
): boolean {
  if (labels[LABELS.fleet] !== fleetId) return false;
  if (record.has('container', id)) return true;
  const specDigest = labels[LABELS.spec] ?? '';
  if (!knownSpecs.has(specDigest)) return false;
  record.remember({
    kind: 'container',
    id,
    stack: labels[LABELS.stack] ?? '',
    key: labels[LABELS.service] ?? '',
    specDigest,
  });
  takenBack(name);
  return true;
}

function toOwnContainer(details: Omit<OwnContainer, 'stack' | 'service' | 'replica' | 'specDigest'>): OwnContainer {
  const { labels } = details;
  return {
    ...details,
    stack: labels[LABELS.stack] ?? '',
    service: labels[LABELS.service] ?? '',
    replica: Number(labels[LABELS.replica] ?? 0),
    specDigest: labels[LABELS.spec] ?? '',
  };
}

function toObserved(
  { fleetId, record, takenBack }: LookParts,
  kind: 'network' | 'volume',
  object: NamedObject,
): ObservedObject {
  const { labels } = object;
  const labelled = labels[LABELS.fleet] === fleetId;
  const id = kind === 'network' ? object.id : object.name;
  const stack = labels[LABELS.stack] ?? '';
  const key = labels[LABELS.key] ?? '';
  const specDigest = labels[LABELS.spec] ?? '';
  // Nobody labels a network or volume with our fleet by accident, and neither is ever removed while something else uses it.
  if (labelled && !record.has(kind, id)) {
    record.remember({ kind, id, stack, key, specDigest });
    takenBack(object.name);
  }
  return { ...object, ours: labelled, stack: labelled ? stack : '', key: labelled ? key : '', specDigest };
}
