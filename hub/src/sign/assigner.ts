import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  Assignment,
  Bundle,
  type Digest,
  decodeEnvelope,
  deriveObjectSecret,
  isDigest,
  MooringError,
  openObject,
  sealObject,
} from '@mooring/proto';
import type { HostRendering, PlainObject, Rendering } from '../render/rendering.ts';
import type { AssignmentRecord, HostRecord, ObjectRecord, Store } from '../store/store.ts';
import { type IssuedContent, nextContent } from './assignment-content.ts';
import { isHeldBack } from './held.ts';
import {
  issueAssignment,
  type Material,
  materialOf,
  type NamedObject,
  nextGeneration,
  type SigningKeys,
} from './issue-assignment.ts';
import { isOutOfReach } from './out-of-reach.ts';

/** What assigning relies on. */
export interface AssignerParts {
  readonly store: Store;
  readonly fleetId: string;
  /** Repository, without credentials. */
  readonly source: string;
  readonly keys: Omit<SigningKeys, 'dataKey'> & {
    /** Seals objects. */
    readonly objectSecret: Uint8Array;
  };
  readonly dataKeyOf: (identityId: string) => Uint8Array;
  readonly clock: () => number;
}

/** A rendering to turn into assignments. */
export interface AssignOrder {
  readonly rendering: Rendering;
  /** The accepted commit, hex. */
  readonly commit: string;
  /** Sequence of its revision. */
  readonly revision: number;
  readonly reason: string;
  readonly actor: string;
  /** Hosts ahead of this hub that it takes over; for the others among them nothing is issued. A commit that is new takes over all. */
  readonly takesOver: 'all' | ReadonlySet<string>;
  /** Hears of what is stored as soon as it is, objects first. */
  readonly onStored?: (stored: Assigned) => void;
}

/** Hosts that are signed for in one go: what is stored of them is published while the next are signed. */
const HOSTS_AT_A_TIME = 100;

/** Names of objects, and lists of them by bundle, that are kept in memory: a large fleet uses fewer at a time, and the store has them all. */
const MAX_KNOWN = 10_000;

/** What the next generation of a host follows. */
interface GenerationsBefore {
  /** It must be above all of these. */
  readonly known: readonly bigint[];
  /** The newest that was issued, when the host can never take it. */
  readonly passesOver?: bigint;
}

/** What was stored and waits to be published. */
export interface Assigned {
  /** Names of objects that are new. */
  readonly objects: readonly string[];
  readonly assignments: readonly AssignmentRecord[];
}

/** Seals what is new, and issues an assignment for each host whose content changed. Callers take turns: one order at a time. */
export class Assigner {
  readonly #parts: AssignerParts;
  /** Objects that each bundle names, itself first; a bundle never changes. */
  readonly #objectsOfBundle = new Map<string, readonly NamedObject[]>();
  /** Of the order that is carried out: hosts with the same bundles share it. */
  readonly #materials = new Map<string, Material>();
  /** Names of contents by plain digest: the same content keeps its name. */
  readonly #names = new Map<string, NamedObject>();

  constructor(parts: AssignerParts) {
    this.#parts = parts;
  }

  /** Plain digests that the rendering needs and neither brings nor finds in the store. */
  missing(rendering: Rendering): readonly string[] {
    const brought = new Set(rendering.objects.map(({ plainDigest }) => plainDigest));
    const needed = new Set(rendering.classes.flatMap(({ bundleDigest, files }) => [bundleDigest, ...files]));
    return [...needed].filter(
      (digest) => !brought.has(digest) && this.#parts.store.objectByPlainDigest(digest) === undefined,
    );
  }

  /** Stores objects and assignments, objects first. Throws OBJECT_MISSING when `missing` would name something. */
  async assign(order: AssignOrder): Promise<Assigned> {
    const objects = await this.#storeObjects(order.rendering.objects);
    order.onStored?.({ objects, assignments: [] });
    const byHost = new Map(order.rendering.hosts.map((host) => [host.host, host]));
    const active = this.#parts.store.hosts().filter(({ revokedAtMs }) => revokedAtMs === 0);
    const assignments: AssignmentRecord[] = [];
    const storing: Promise<PromiseSettledResult<void>[]>[] = [];
    this.#materials.clear();
    for (const known of [this.#names, this.#objectsOfBundle]) if (known.size > MAX_KNOWN) known.clear();
    for (let start = 0; start < active.length; start += HOSTS_AT_A_TIME) {
      const hosts = active.slice(start, start + HOSTS_AT_A_TIME);
      const records = hosts.flatMap((host) => this.#assignHost(host, byHost.get(host.name), order) ?? []);
      if (records.length === 0) continue;
      assignments.push(...records);
      storing.push(Promise.allSettled([this.#store(records, order)]));
      // Whatever else the hub does goes on meanwhile.
      await nextTurn();
    }
    const failed = (await Promise.all(storing)).flat().find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return { objects, assignments };
  }

  async #store(assignments: readonly AssignmentRecord[], { onStored }: AssignOrder): Promise<void> {
    await this.#parts.store.putAssignments(assignments);
    onStored?.({ objects: [], assignments });
  }

  /** True when nothing that is stored may go to the host. */
  isHeldBack(host: string): boolean {
    const { store } = this.#parts;
    return isHeldBack(store.assignmentHead(host)?.generation, store.highWater(host));
  }

  /** True when the host can never take its newest assignment: a lower one must take its place. */
  isOutOfReach(host: string, newest = this.#parts.store.assignmentHead(host)?.generation): boolean {
    const { store, clock } = this.#parts;
    return newest !== undefined && isOutOfReach(newest, clock(), () => store.hostState(host)?.state);
  }

  /** Issues the host's newest assignment again under a higher generation, for a host that has a new identity. One that is held back gets none. */
  async reissue(host: HostRecord, reason: string): Promise<Assigned> {
    const newest = this.#parts.store.assignment(host.name);
    if (newest === undefined || this.isHeldBack(host.name)) return { objects: [], assignments: [] };
    const before = this.#generationsBefore(host.name, newest);
    const details = { revision: newest.revision, reason, actor: 'hub', ...before };
    const record = this.#issue(host, contentOf(newest), details);
    await this.#parts.store.putAssignments([record]);
    return { objects: [], assignments: [record] };
  }

  async #storeObjects(objects: readonly PlainObject[]): Promise<readonly string[]> {
    const { store, keys } = this.#parts;
    const fresh = objects.filter(({ plainDigest }) => store.objectByPlainDigest(plainDigest) === undefined);
    const records = fresh.map(({ plainDigest, bytes, stack }): ObjectRecord => {
      const { object, ciphertext } = sealObject(keys.objectSecret, bytes);
      return { object, plainDigest, plainSize: bytes.byteLength, ciphertext, stack };
    });
    if (records.length > 0) await store.putObjects(records);
    return records.map(({ object }) => object);
  }

  #assignHost(
    host: HostRecord,
    rendering: HostRendering | undefined,
    order: AssignOrder,
  ): AssignmentRecord | undefined {
    // A host that joined after the rendering began gets its assignment with the next one.
    if (rendering === undefined) return undefined;
    const { store, fleetId, source } = this.#parts;
    const newest = store.assignment(host.name);
    const highWater = store.highWater(host.name);
    const isTakenOver = order.takesOver === 'all' || order.takesOver.has(host.name);
    if (!isTakenOver && isHeldBack(newest?.generation, highWater)) return undefined;
    const previous = newest === undefined ? undefined : contentOf(newest);
    const next = nextContent({
      fleetId,
      host: host.name,
      source,
      commit: order.commit,
      wanted: rendering.stacks.map((stack) => ({ ...stack, bundleObject: this.#objectOf(stack.bundleDigest).object })),
      kept: rendering.problems.map(({ stack }) => stack),
      previous,
      removed: () => new Set(store.hostState(host.name)?.state.removedStacks ?? []),
    });
    const { revision, reason, actor } = order;
    const before = this.#generationsBefore(host.name, newest);
    const details = { revision, reason, actor, ...before };
    if (next !== undefined) return this.#issue(host, next, details);
    // What it has from elsewhere may be anything: the same content is said again, above it.
    const isOther = newest !== undefined && (highWater > newest.generation || before.passesOver !== undefined);
    return isOther && previous !== undefined ? this.#issue(host, previous, details) : undefined;
  }

  #generationsBefore(host: string, newest: AssignmentRecord | undefined): GenerationsBefore {
    const { store } = this.#parts;
    const highWater = store.highWater(host);
    const generation = newest?.generation;
    if (generation === undefined || !this.isOutOfReach(host, generation))
      return { known: [generation ?? 0n, highWater] };
    return { known: [store.hostState(host)?.state.acceptedGeneration ?? 0n, highWater], passesOver: generation };
  }

  #issue(
    host: HostRecord,
    issued: IssuedContent,
    details: Pick<AssignOrder, 'revision' | 'reason' | 'actor'> & GenerationsBefore,
  ): AssignmentRecord {
    const { keys, dataKeyOf, clock } = this.#parts;
    const nowMs = clock();
    const generation = nextGeneration(details.known, nowMs);
    const material = this.#materialOf(issued.content.stacks.map(({ release }) => release?.bundle ?? ''));
    const { revision, reason, actor } = details;
    const record = issueAssignment(
      issued,
      { generation, material, revision, reason, actor, nowMs },
      { ...keys, dataKey: dataKeyOf(host.identityId) },
    );
    return details.passesOver === undefined ? record : { ...record, passesOver: details.passesOver };
  }

  #materialOf(bundles: readonly string[]): Material {
    const key = bundles.join(' ');
    const known = this.#materials.get(key);
    if (known !== undefined) return known;
    const objects = new Map(
      [...new Set(bundles)].flatMap((bundle) => this.#objectsIn(bundle).map((named) => [named.object, named] as const)),
    );
    const material = materialOf([...objects.values()], this.#parts.keys.objectSecret);
    this.#materials.set(key, material);
    return material;
  }

  #objectsIn(bundleObject: string): readonly NamedObject[] {
    const known = this.#objectsOfBundle.get(bundleObject);
    if (known !== undefined) return known;
    const record = this.#parts.store.object(bundleObject);
    if (record === undefined) throw missingObject(bundleObject);
    const bundle = Bundle.decode(this.openObject(record));
    const named = [toNamed(record), ...bundle.files.map(({ digest }) => this.#objectOf(digest))];
    this.#objectsOfBundle.set(bundleObject, named);
    return named;
  }

  #objectOf(plainDigest: string): NamedObject {
    const known = this.#names.get(plainDigest);
    if (known !== undefined) return known;
    const record = this.#parts.store.objectByPlainDigest(plainDigest);
    if (record === undefined) throw missingObject(plainDigest);
    const named = toNamed(record);
    this.#names.set(plainDigest, named);
    return named;
  }

  /** The plain content of an object of the store. */
  openObject(record: ObjectRecord): Uint8Array {
    const secret = deriveObjectSecret(this.#parts.keys.objectSecret, asDigest(record.plainDigest));
    return openObject(record.ciphertext, { object: record.object, plainDigest: record.plainDigest, ...secret });
  }
}

function contentOf({ envelope, contentDigest }: AssignmentRecord): IssuedContent {
  return { content: Assignment.decode(decodeEnvelope(envelope).payload), contentDigest };
}

function toNamed({ object, plainDigest, plainSize }: ObjectRecord): NamedObject {
  return { object, plainDigest: asDigest(plainDigest), plainSize };
}

function asDigest(text: string): Digest {
  if (!isDigest(text))
    throw new MooringError('INTERNAL', `Cannot use object: ${text} is not a digest; sha256:<64 hex digits> is wanted`);
  return text;
}

function missingObject(name: string): MooringError {
  return new MooringError(
    'OBJECT_MISSING',
    `Cannot assign ${name}: it is not in the store; an object that was rendered is wanted`,
  );
}
