import { X509Certificate } from 'node:crypto';
import type { Check, Problem } from '@mooring/proto';
import type { Fleet } from './enrol/fleet.ts';
import type { Moor } from './moor.ts';
import type { Publisher } from './publish/publisher.ts';
import type { FleetView } from './query/parts.ts';
import type { Source } from './source/follow.ts';
import type { OpenedStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';

/** What the view is made from. */
export interface HubViewParts {
  readonly store: OpenedStore;
  readonly source: Source;
  readonly publisher: Publisher;
  readonly moor: Moor;
  readonly fleet: Fleet;
  /** Hosts that ask to be let in again. */
  readonly returning: () => readonly { readonly name: string }[];
  readonly clock: () => number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
// The hub renews its own certificate at a start within 30 days of its end; this is when a person should hear of it.
const WARN_DAYS = 14;
// Names in a line of status.
const MAX_NAMED = 5;

/** What the hub knows about itself beside its store: the source, the broker, the rendering, its certificate. */
export class HubView {
  readonly #parts: HubViewParts;

  constructor(parts: HubViewParts) {
    this.#parts = parts;
  }

  now(): FleetView {
    const { source, moor } = this.#parts;
    const { repo, branch, lastSuccessMs } = source.status();
    const hosts = (moor.rendering?.hosts ?? []).map(
      ({ host, labels, problems }) => [host, { labels, problems }] as const,
    );
    return {
      hosts: new Map(hosts),
      source: repo,
      branch,
      sourceAskedAtMs: lastSuccessMs,
      problems: this.#problems(),
      checks: this.#checks(),
      counters: {
        assignments_issued: moor.counters.assignmentsIssued,
        classes_rendered: moor.counters.classesRendered,
        objects_published: this.#parts.publisher.objectsPublished,
      },
    };
  }

  #problems(): Problem[] {
    const { source, publisher, store, returning } = this.#parts;
    const problems: Problem[] = [];
    const disk = store.problem();
    if (disk !== undefined) problems.push(disk);
    const following = source.status().problem;
    if (following !== undefined)
      problems.push({ code: following.code, message: following.message, hint: following.hint, sinceMs: 0n });
    if (publisher.problem !== undefined) {
      problems.push({
        code: 'BROKER_UNREACHABLE',
        message: publisher.problem,
        hint: 'Hosts fetch over gRPC meanwhile.',
        sinceMs: 0n,
      });
    }
    const asking = returning().map(({ name }) => name);
    if (asking.length > 0) problems.push(forgotten(asking));
    return problems;
  }

  #checks(): Check[] {
    const { source, publisher, store, clock, fleet } = this.#parts;
    const { problem, lastSuccessMs } = source.status();
    const ends = new X509Certificate(fleet.serverCertificatePem).validToDate;
    const days = Math.floor((ends.getTime() - clock()) / DAY_MS);
    return [
      check(
        'source',
        problem === undefined && lastSuccessMs > 0,
        problem?.message ?? agoText('the repository answered', lastSuccessMs, clock()),
        problem?.hint,
      ),
      check(
        'broker',
        publisher.problem === undefined,
        publisher.problem ?? agoText('the broker held everything', publisher.lastSuccessMs, clock()),
      ),
      check(
        'store',
        store.problem() === undefined,
        store.problem()?.message ??
          `the database holds ${hostCount(store.hosts().length)} and events up to ${store.newestCursor()}`,
        store.problem()?.hint,
      ),
      check(
        'certificate',
        days >= WARN_DAYS,
        `the hub's certificate ends in ${days} days`,
        'Restart the hub: it renews its certificate.',
      ),
      check(
        'revision',
        store.acceptedRevision() !== undefined,
        revisionText(store),
        'Commit a fleet.yaml, then: mooring sync',
      ),
    ];
  }
}

function forgotten(hosts: readonly string[]): Problem {
  const named = hosts.slice(0, MAX_NAMED).join(', ');
  const more = hosts.length > MAX_NAMED ? ` and ${hosts.length - MAX_NAMED} more` : '';
  return {
    code: 'HOST_FORGOTTEN',
    message: `${hostCount(hosts.length)} that this hub does not remember: ${named}${more}`,
    hint: 'They ask to be let in again: mooring approve',
    sinceMs: 0n,
  };
}

function check(name: string, ok: boolean, ...[message, hint = '']: [string, (string | undefined)?]): Check {
  return { name, ok, message, hint: ok ? '' : hint };
}

function agoText(what: string, atMs: number, nowMs: number): string {
  return atMs === 0
    ? `${what.replace(/ answered| held everything/, '')} has not answered yet`
    : `${what} ${Math.round((nowMs - atMs) / 1000)} s ago`;
}

function revisionText(store: Store): string {
  const accepted = store.acceptedRevision();
  return accepted === undefined
    ? 'no commit is accepted yet'
    : `the fleet follows commit ${accepted.commit.slice(0, 12)}`;
}

function hostCount(count: number): string {
  return count === 1 ? '1 host' : `${count} hosts`;
}
