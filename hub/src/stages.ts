import type { AgentServiceService, FleetServiceService } from '@mooring/proto';
import type { Logger } from 'pino';
import { dataKeyOf, type Fleet } from './enrol/fleet.ts';
import type { Handlers } from './grpc/handlers.ts';
import { createIngest } from './ingest/create-ingest.ts';
import { keepPresence } from './ingest/keep-presence.ts';
import type { IngestParts } from './ingest/parts.ts';
import { Presence } from './ingest/presence.ts';
import { Questions } from './ingest/questions.ts';
import { Moor } from './moor.ts';
import { Publisher, type PublisherParts } from './publish/publisher.ts';
import { Changes } from './query/changes.ts';
import { createQuery } from './query/create-query.ts';
import type { FleetView } from './query/parts.ts';
import { Renewal } from './renewal.ts';
import { Assigner } from './sign/assigner.ts';
import type { Source } from './source/follow.ts';
import type { Store } from './store/store.ts';
import type { Timers } from './timers.ts';
import { VERSION } from './version.ts';

/** Everything that the stages between the repository and the agents meet and do not own. */
export interface StageParts
  extends Pick<IngestParts, 'natsUrls' | 'askBack' | 'onLeave' | 'renewCertificate' | 'onError'> {
  readonly fleet: Pick<Fleet, 'id' | 'name' | 'assignmentKey' | 'objectSecret' | 'dataSecret'>;
  readonly store: Store;
  /** Opens the hub's own connection to the broker. */
  readonly connect: PublisherParts['connect'];
  /** Begins to follow the repository; its decisions go to `moor`. */
  readonly follow: (moor: Moor, changes: Changes) => Source;
  /** The repository as assignments name it, without credentials. */
  readonly repository: string;
  /** What the hub knows about itself. */
  readonly view: (stages: Pick<Stages, 'source' | 'publisher' | 'moor' | 'renewal' | 'presence'>) => FleetView;
  readonly heartbeatMs: number;
  readonly clock: () => number;
  readonly timers: Timers;
  readonly log: Pick<Logger, 'warn'>;
}

/** The stages, wired to each other. */
export interface Stages {
  readonly publisher: Publisher;
  readonly source: Source;
  readonly moor: Moor;
  readonly renewal: Renewal;
  readonly presence: Presence;
  readonly changes: Changes;
  readonly ingest: Handlers<typeof AgentServiceService>;
  readonly query: Handlers<typeof FleetServiceService>;
  /** Ends them, the last first. */
  close(): Promise<void>;
}

/** Wires publishing, deciding, listening and answering over a store, a broker and a repository; nothing is published before the publisher is woken. */
export function wireStages(parts: StageParts): Stages {
  const { store, clock, timers, onError } = parts;
  const publisher = new Publisher({ store, log: parts.log, clock, timers, connect: parts.connect });
  const changes = new Changes();
  const assigner = createAssigner(parts);
  const moor = new Moor({ store, assigner, publisher, clock, changed: () => changes.notify() });
  const source = parts.follow(moor, changes);
  const renewal = new Renewal({ store, source, moor, assigner, publisher, onError, timers });
  const presence = new Presence({ clock, monotonicMs: () => timers.monotonicMs() }, store.lastSeen());
  const stopPresence = keepPresence({ presence, store, onError, timers });
  const questions = new Questions(presence, timers);
  const ingest = createIngest({
    ...parts,
    presence,
    questions,
    newest: (host) => store.assignmentHead(host),
    onHello: ({ host, highWater }) => renewal.heard(host, highWater),
    onHostChanged: (host) => changes.notify(new Set([host])),
    onRefusedAsFuture: (host) => renewal.refusedAsFuture(host),
    onOtherAccepted: (host, generation) => renewal.otherAccepted(host, generation),
    onEvents: () => changes.notify(new Set()),
  });
  const query = createQuery({
    ...parts,
    presence,
    changes,
    startedAtMs: clock(),
    view: () => parts.view({ source, publisher, moor, renewal, presence }),
    version: VERSION,
    openObject: (record) => assigner.openObject(record),
    questions,
    inventory: () => Renewal.inventory(store),
    renderRevision: (revision, inventory) => source.renderRevision(revision, inventory),
  });
  const close = async () => {
    renewal.close();
    await stopPresence();
    await source.close();
    await publisher.close();
  };
  return { publisher, source, moor, renewal, presence, changes, ingest, query, close };
}

function createAssigner({ fleet, store, repository, clock }: StageParts): Assigner {
  return new Assigner({
    store,
    fleetId: fleet.id,
    source: repository,
    keys: fleet,
    dataKeyOf: (identityId) => dataKeyOf(fleet, identityId),
    clock,
  });
}
