import { X509Certificate } from 'node:crypto';
import type { Check, Problem } from '@mooring/proto';
import type { Fleet } from './enrol/fleet.ts';
import type { ServerCertificateKeeper } from './enrol/keep-server-certificate.ts';
import type { Presence } from './ingest/presence.ts';
import type { Moor } from './moor.ts';
import type { Publisher } from './publish/publisher.ts';
import type { FleetView } from './query/parts.ts';
import type { Renewal } from './renewal.ts';
import type { Source } from './source/follow.ts';
import type { OpenedStore } from './store/open-store.ts';
import type { Store } from './store/store.ts';

/** What the view is made from. */
export interface HubViewParts {
  readonly store: OpenedStore;
  readonly source: Source;
  readonly publisher: Publisher;
  readonly moor: Moor;
  readonly renewal: Renewal;
  readonly presence: Presence;
  readonly fleet: Pick<Fleet, 'caCertificatePem'>;
  readonly certificate: Pick<ServerCertificateKeeper, 'current' | 'problem'>;
  /** Hosts that ask to be let in again. */
  readonly returning: () => readonly { readonly name: string }[];
  readonly clock: () => number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
// The hub renews its own certificate 30 days before its end; where it has not by then, a person should hear of it.
const WARN_DAYS = 14;
// Every host must join again under a new authority: a quarter of a year is time to plan for it.
const AUTHORITY_WARN_DAYS = 90;
// From here on status says so too, and so do those who watch its exit code.
const AUTHORITY_ALARM_DAYS = 30;
const AUTHORITY_HINT = 'It cannot be renewed in place: plan a new fleet (mooring init), which every host joins anew.';
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
        stalled_ms: Math.round(this.#parts.presence.stalledMs),
      },
    };
  }

  #problems(): Problem[] {
    const { source, publisher, store, returning, renewal, fleet, clock } = this.#parts;
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
    const refusing = renewal.refusingAsFuture();
    if (refusing.length > 0) problems.push(clocksApart(refusing));
    const authorityDays = daysLeft(fleet.caCertificatePem, clock());
    if (authorityDays < AUTHORITY_ALARM_DAYS) problems.push(authorityEnds(authorityDays));
    return problems;
  }

  #checks(): Check[] {
    const { source, publisher, store, clock, fleet, certificate } = this.#parts;
    const { problem, lastSuccessMs } = source.status();
    const days = daysLeft(certificate.current.serverCertificatePem, clock());
    const authorityDays = daysLeft(fleet.caCertificatePem, clock());
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
        days >= WARN_DAYS && certificate.problem === undefined,
        certificate.problem?.message ?? `the hub's certificate ends in ${days} days`,
        certificate.problem?.hint ?? 'Restart the hub: it renews its certificate.',
      ),
      check(
        'authority',
        authorityDays >= AUTHORITY_WARN_DAYS,
        `the fleet's certificate authority ends in ${authorityDays} days`,
        AUTHORITY_HINT,
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
  return {
    code: 'HOST_FORGOTTEN',
    message: `${hostCount(hosts.length)} that this hub does not remember: ${named(hosts)}`,
    hint: 'They ask to be let in again: mooring approve',
    sinceMs: 0n,
  };
}

function authorityEnds(days: number): Problem {
  return {
    code: 'CERT_EXPIRED',
    message: `The fleet's certificate authority ends in ${days} days; no host is heard after that`,
    hint: AUTHORITY_HINT,
    sinceMs: 0n,
  };
}

function daysLeft(certificatePem: string, nowMs: number): number {
  return Math.floor((new X509Certificate(certificatePem).validToDate.getTime() - nowMs) / DAY_MS);
}

function clocksApart(hosts: readonly string[]): Problem {
  return {
    code: 'ASSIGNMENT_FUTURE',
    message: `${hostCount(hosts.length)} with a clock more than a day behind what this hub signed: ${named(hosts)}`,
    hint: 'Compare the clocks of hub and hosts, and set the wrong one right: what is refused is then signed again.',
    sinceMs: 0n,
  };
}

function named(hosts: readonly string[]): string {
  const more = hosts.length > MAX_NAMED ? ` and ${hosts.length - MAX_NAMED} more` : '';
  return `${hosts.slice(0, MAX_NAMED).join(', ')}${more}`;
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
