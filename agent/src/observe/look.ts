import { COMPOSE_LABELS, LABELS, MooringError } from '@mooring/proto';
import type { OwnRecord } from '../apply/ports.ts';
import { containerFields, type Naming } from '../canonical/container-fields.ts';
import type { Fields } from '../canonical/fields.ts';
import type { DesiredStack } from '../plan/desired.ts';
import { addressKey } from '../plan/fixed-address.ts';
import type {
  ContainerDetails,
  ContainerSummary,
  Engine,
  EngineDescription,
  NamedObject,
  NetworkDetails,
} from './engine.ts';
import type { InspectedConfig, InspectedContainer } from './inspected.ts';
import type { ContentState, Observed, OwnContainer, UnknownContainer } from './observed.ts';

/** What looking needs to know. */
export interface LookParts {
  readonly engine: Engine;
  readonly fleetId: string;
  readonly record: OwnRecord;
  /** Stacks that are desired: their networks are known by their keys. */
  readonly stacks: readonly DesiredStack[];
  readonly now: () => number;
  /** The engine about itself, as it was asked last; undefined: ask. */
  readonly description: EngineDescription | undefined;
  /** What images set, which never changes for an id; filled by looking. */
  readonly images: Map<string, InspectedConfig>;
  /** Looks at the contents that the stacks mount. */
  readonly contents: (stacks: readonly DesiredStack[]) => ReadonlyMap<string, ContentState>;
  /** Called for each network or volume that is taken back. */
  readonly takenBack: (name: string) => void;
}

/** Looks at the whole engine. A container is ours when our label and our record say so. */
export async function look(parts: LookParts): Promise<Observed> {
  const { engine, now } = parts;
  const [description, containers, networks, volumes] = await Promise.all([
    parts.description ?? engine.describe(),
    engine.listContainers(),
    engine.listNetworks(),
    engine.listVolumes(),
  ]);
  const labelled = containers.filter(({ labels }) => labels[LABELS.fleet] === parts.fleetId);
  const own = new Set(labelled.filter(({ id }) => parts.record.has('container', id)).map(({ id }) => id));
  const unknown: UnknownContainer[] = [];
  const found = await Promise.all(labelled.map((listed) => detailsOf(engine, listed, unknown)));
  const inspected = found.filter((container) => container !== undefined);
  const [{ images, failed }, tags] = await Promise.all([imagesOf(parts, inspected), tagsOf(parts, inspected)]);
  const imageIds = new Map(inspected.map(({ id, imageId }) => [id, imageId]));
  for (const listed of labelled) {
    const error = failed.get(imageIds.get(listed.id) ?? '');
    if (error !== undefined) unknown.push({ ...listed, ...placeOf(listed.labels), error: ofImage(listed.name, error) });
  }
  const details = inspected.filter(({ imageId }) => !failed.has(imageId));
  const naming = namingOf(parts.stacks, networks);
  const all = details.map((container) => toOwnContainer(parts, container, naming));
  return {
    engine: description,
    containers: all.filter(({ id }) => own.has(id)),
    strangers: all.filter(({ id }) => !own.has(id)),
    unknown,
    foreignContainers: foreign(containers, own),
    composeContainers: composed(containers, own),
    networks: networks.map((network) => ({ ...network, ...ownership(parts, 'network', network) })),
    volumes: volumes.map((volume) => ({ ...volume, ...ownership(parts, 'volume', volume) })),
    images,
    tags,
    addresses: new Map(
      containers.flatMap(({ id, name, addresses }) => addresses.map((one) => [addressKey(one), { id, name }] as const)),
    ),
    contents: parts.contents(parts.stacks),
    atMs: now(),
  };
}

/** Undefined: it is gone, or among the unknown now. */
async function detailsOf(
  engine: Engine,
  listed: ContainerSummary,
  unknown: UnknownContainer[],
): Promise<ContainerDetails | undefined> {
  try {
    return await engine.inspectContainer(listed.id);
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'CONTAINER_UNKNOWN')) throw error;
    unknown.push({ ...listed, ...placeOf(listed.labels), error });
    return undefined;
  }
}

/** Where a container belongs, by its labels. */
function placeOf(labels: ContainerSummary['labels']) {
  return {
    stack: labels[LABELS.stack] ?? '',
    service: labels[LABELS.service] ?? '',
    replica: Number(labels[LABELS.replica] ?? 0),
  };
}

function foreign(containers: readonly ContainerSummary[], own: ReadonlySet<string>): readonly string[] {
  return containers
    .filter(({ id }) => !own.has(id))
    .map(({ name }) => name)
    .sort();
}

/** A container of ours bears our labels too, and one that a human runs once is nobody's replica. */
function composed(containers: readonly ContainerSummary[], own: ReadonlySet<string>): Observed['composeContainers'] {
  const made = containers.filter(
    ({ id, labels }) => !own.has(id) && labels[LABELS.fleet] === undefined && labels[COMPOSE_LABELS.oneoff] === 'False',
  );
  return new Map(
    made.flatMap(({ name, labels }) => {
      const project = labels[COMPOSE_LABELS.project];
      const service = labels[COMPOSE_LABELS.service] ?? '';
      const replica = Number(labels[COMPOSE_LABELS.containerNumber] ?? 0);
      return project === undefined ? [] : [[name, { project, service, replica }] as const];
    }),
  );
}

/** What the images of containers set, and those about which the engine tells an error: how their containers should be, nobody knows. */
async function imagesOf({ engine, images }: LookParts, containers: readonly ContainerDetails[]) {
  const wanted = new Set(containers.map(({ imageId }) => imageId));
  for (const id of images.keys()) if (!wanted.has(id)) images.delete(id);
  const failed = new Map<string, MooringError>();
  await Promise.all(
    [...wanted].map(async (id) => {
      try {
        const image = images.has(id) ? undefined : await engine.inspectImage(id);
        if (image !== undefined) images.set(id, image);
      } catch (error) {
        failed.set(id, alone(error));
      }
    }),
  );
  return { images, failed };
}

/** An error that is about one image alone; any other is thrown. */
function alone(error: unknown): MooringError {
  if (error instanceof MooringError && error.code === 'ENGINE_ERROR') return error;
  throw error;
}

function ofImage(name: string, cause: MooringError): MooringError {
  const message = `Cannot look at container ${name}: the engine answers, but not about its image (${cause.message}); an answer is wanted`;
  return new MooringError('CONTAINER_UNKNOWN', message, {
    hint: `Try it on the host: docker inspect ${name}, and its image.`,
    cause,
  });
}

/** A digest names one image for ever. */
const IMMOVABLE = /@|^(?:sha256:)?[0-9a-f]{64}$/;

/** Only tags of services that have a container are asked for: nothing else can have moved under one. */
async function tagsOf(
  { engine, stacks }: LookParts,
  containers: readonly ContainerDetails[],
): Promise<ReadonlyMap<string, string>> {
  const there = new Set(containers.map(({ labels }) => `${labels[LABELS.stack]} ${labels[LABELS.service]}`));
  const services = stacks.flatMap(({ stack, bundle }) =>
    bundle.services.filter(({ name }) => there.has(`${stack} ${name}`)),
  );
  const references = new Set(services.map(({ container }) => container?.image ?? ''));
  const named = await Promise.all(
    [...references]
      .filter((reference) => reference !== '' && !IMMOVABLE.test(reference))
      .map(async (reference) => [reference, await tagged(engine, reference)] as const),
  );
  return new Map(named.flatMap(([reference, id]) => (id === undefined ? [] : [[reference, id] as const])));
}

/** Undefined: no image has that tag, or nobody knows which. */
async function tagged(engine: Engine, reference: string): Promise<string | undefined> {
  try {
    return await engine.imageId(reference);
  } catch (error) {
    alone(error);
    return undefined;
  }
}

/** By stack: which key a network has, and which network a name means now. */
function namingOf(stacks: readonly DesiredStack[], networks: readonly NetworkDetails[]): (stack: string) => Naming {
  const ids = new Map<string, string>();
  const twice = new Set<string>();
  for (const { name, id } of networks) {
    if (ids.has(name)) twice.add(name);
    ids.set(name, id);
  }
  const networkId = (name: string) => (twice.has(name) ? undefined : ids.get(name));
  const namings = new Map(
    stacks.map(({ stack, bundle }) => {
      const keys = new Map(bundle.networks.map(({ key, name }) => [name, key]));
      return [stack, { networkId, networkKey: (name: string) => keys.get(name) }];
    }),
  );
  return (stack) => namings.get(stack) ?? { networkId, networkKey: () => undefined };
}

function toOwnContainer(
  { record }: LookParts,
  details: ContainerDetails,
  naming: (stack: string) => Naming,
): OwnContainer {
  const { id, labels } = details;
  const place = placeOf(labels);
  return {
    ...details,
    ...place,
    specDigest: record.find('container', id)?.specDigest ?? labels[LABELS.spec] ?? '',
    fields: fieldsOf(details.inspected, naming(place.stack)),
    stoppedByHand: record.wasStopped(id),
  };
}

// An answer that did not change has the form that it had, unless networks are called otherwise now.
const KNOWN = new WeakMap<InspectedContainer, { readonly names: string; readonly fields: Fields }>();

function fieldsOf(inspected: InspectedContainer, naming: Naming): Fields {
  const names = Object.keys(inspected.NetworkSettings?.Networks ?? {})
    .concat(String(inspected.HostConfig['NetworkMode'] ?? ''))
    .map((name) => `${name} ${naming.networkKey(name) ?? ''} ${naming.networkId(name) ?? ''}`)
    .join();
  const before = KNOWN.get(inspected);
  if (before?.names === names) return before.fields;
  const fields = containerFields(inspected, naming);
  KNOWN.set(inspected, { names, fields });
  return fields;
}

function ownership({ fleetId, record, takenBack }: LookParts, kind: 'network' | 'volume', object: NamedObject) {
  const { id, name, labels } = object;
  const ours = labels[LABELS.fleet] === fleetId;
  const [stack, key, specDigest] = [LABELS.stack, LABELS.key, LABELS.spec].map((label) => labels[label] ?? '');
  // Nobody labels a network or volume with our fleet by accident, and neither is ever removed while something else uses it.
  if (ours && !record.has(kind, id)) {
    record.remember({ kind, id, stack: stack ?? '', key: key ?? '', specDigest: specDigest ?? '' });
    takenBack(name);
  }
  return { ours, stack: ours ? (stack ?? '') : '', key: ours ? (key ?? '') : '', specDigest: specDigest ?? '' };
}
