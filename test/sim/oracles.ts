import { EventsOnce } from './events-once.ts';
import type { Accepted, Issued, Timed } from './history.ts';
import { NoNeedlessRestart } from './no-needless-restart.ts';
import { describe, known, type Oracle } from './oracle.ts';

/** How long each promise may take to come true, in milliseconds. */
export interface Bounds {
  /** An engine may differ for so long while its host is shown as synced: an audit, and the way of its report. */
  readonly noticeMs: number;
  /** A host may be silent for so long before it is shown as unknown. */
  readonly silenceMs: number;
  /** After faults have ceased, everything is as it should be within this. */
  readonly settleMs: number;
  /** Texts that may appear nowhere. */
  readonly secrets: readonly string[];
}

/** Everything that must hold. */
export function createOracles(bounds: Bounds): readonly Oracle[] {
  return [
    new OnlyAsAssigned(),
    new GenerationsGrow(),
    new EventsOnce(),
    new UnknownIsNotSynced(bounds.silenceMs),
    new SyncedIsTrue(bounds.noticeMs),
    {
      name: 'no volume is destroyed',
      take: (fact) => (fact.kind === 'volume-destroyed' ? `volume ${fact.name} of ${fact.host} is gone` : undefined),
    },
    new Converges(bounds.settleMs),
    new NoNeedlessRestart(),
    new ForeignUntouched(),
    {
      name: 'no secret is told',
      take: (fact) => {
        if (fact.kind !== 'said') return undefined;
        const isTold = bounds.secrets.some((secret) => fact.text.includes(secret));
        return isTold ? `a ${fact.where} of ${fact.host} holds a secret` : undefined;
      },
    },
    {
      name: 'an outbox keeps its bounds',
      take: (fact) => {
        if (fact.kind !== 'outbox') return undefined;
        const { host, events, bytes, maxEvents, maxBytes } = fact;
        return events > maxEvents || bytes > maxBytes ? `${host} keeps ${events} events of ${bytes} bytes` : undefined;
      },
    },
  ];
}

/** Assignments that may still be worked on when a newer one is accepted. */
const RECENT = 5;

/** Nothing is made that no accepted assignment asked for. */
class OnlyAsAssigned implements Oracle {
  readonly name = 'no container changes without an accepted assignment';
  readonly #issued = new Map<string, Issued>();
  readonly #recent = new Map<string, Issued[]>();

  take(fact: Timed): string | undefined {
    if (fact.kind === 'issued') this.#issued.set(`${fact.host} ${fact.generation} ${fact.digest}`, fact);
    if (fact.kind === 'accepted') return this.#accepted(fact);
    if (fact.kind !== 'container' || fact.by !== 'agent') return undefined;
    const recent = this.#recent.get(fact.host) ?? [];
    if (recent.length === 0) return `${describe(fact)} before anything was accepted`;
    if (fact.action !== 'create') return undefined;
    const isWanted = recent.some(({ wants }) =>
      wants.some((want) => want.stack === fact.stack && want.spec === fact.spec),
    );
    return isWanted ? undefined : `${describe(fact)}, which no accepted assignment wants`;
  }

  #accepted({ host, generation, digest }: Accepted): string | undefined {
    const issued = this.#issued.get(`${known(host)} ${generation} ${digest}`);
    if (issued === undefined)
      return `${host} accepted generation ${generation}, which the hub never issued in this form`;
    const recent = this.#recent.get(host) ?? [];
    this.#recent.set(host, [...recent, issued].slice(-RECENT));
    return undefined;
  }
}

/** A host never goes back, over crashes neither. */
class GenerationsGrow implements Oracle {
  readonly name = 'generations only grow on a host';
  readonly #highest = new Map<string, Accepted>();

  take(fact: Timed): string | undefined {
    if (fact.kind === 'hello') {
      const { host, highWater } = fact;
      const highest = this.#highest.get(host)?.generation ?? 0n;
      return highWater < highest ? `${host} accepted ${highest} and is at ${highWater} now` : undefined;
    }
    if (fact.kind !== 'accepted') return undefined;
    const { host, generation, digest } = fact;
    const before = this.#highest.get(host);
    this.#highest.set(host, fact);
    if (before === undefined || generation > before.generation) return undefined;
    if (generation === before.generation && digest === before.digest) return undefined;
    return `${host} accepted ${generation} after ${before.generation}`;
  }
}

/** Whoever is silent is called unknown, and nothing else: what it said last holds no longer. */
class UnknownIsNotSynced implements Oracle {
  readonly name = 'a silent host is never shown as synced';
  readonly #silenceMs: number;
  readonly #heardAtMs = new Map<string, number>();

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  take(fact: Timed): string | undefined {
    if (fact.kind === 'heard') this.#heardAtMs.set(fact.host, fact.atMs);
    if (fact.kind !== 'shown' || (fact.sync === 'Unknown' && fact.online !== true)) return undefined;
    const silentMs = fact.atMs - (this.#heardAtMs.get(fact.host) ?? Number.NEGATIVE_INFINITY);
    const shown = fact.online === true ? `${fact.sync} and online` : fact.sync;
    return silentMs > this.#silenceMs
      ? `${fact.host} is shown as ${shown} and was silent for ${silentMs} ms`
      : undefined;
  }
}

/**
 * An engine that differs is not called synced for long. Each difference has its own time: one that was shown, and mended, says nothing about the next.
 * While a copy of the host speaks in its name, and until the host was heard again for as long, what is shown is about the copy.
 */
class SyncedIsTrue implements Oracle {
  readonly name = 'synced is never claimed of an engine that differs';
  readonly #noticeMs: number;
  /** By host: since when each difference is there. */
  readonly #differs = new Map<string, ReadonlyMap<string, number>>();
  readonly #copyHeardAtMs = new Map<string, number>();

  constructor(noticeMs: number) {
    this.#noticeMs = noticeMs;
  }

  take(fact: Timed): string | undefined {
    if (fact.kind === 'heard' && fact.by !== fact.host) this.#copyHeardAtMs.set(fact.host, fact.atMs);
    if (fact.kind === 'truth') {
      const before = this.#differs.get(fact.host);
      this.#differs.set(fact.host, new Map(fact.wrong.map((each) => [each, before?.get(each) ?? fact.atMs])));
    }
    if (fact.kind !== 'shown' || fact.sync !== 'Synced') return undefined;
    const copyMs = this.#copyHeardAtMs.get(fact.host) ?? 0;
    for (const [why, sinceMs] of this.#differs.get(fact.host) ?? []) {
      const differsMs = fact.atMs - Math.max(sinceMs, copyMs);
      if (differsMs > this.#noticeMs) return `${fact.host} is shown as synced, and for ${differsMs} ms: ${why}`;
    }
    return undefined;
  }
}

/** After the storm everything comes to rest. */
class Converges implements Oracle {
  readonly name = 'everything converges after faults have ceased';
  readonly #settleMs: number;
  #calmAtMs: number | undefined;
  #unsettled = new Set<string>();
  readonly #why = new Map<string, string>();

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  take(fact: Timed): string | undefined {
    if (fact.kind === 'storm') this.#calmAtMs = undefined;
    if (fact.kind === 'calm') {
      this.#calmAtMs = fact.atMs;
      this.#unsettled = new Set(fact.hosts);
    }
    if (fact.kind === 'settled') for (const host of fact.hosts) this.#unsettled.delete(host);
    if (fact.kind === 'truth') this.#why.set(fact.host, fact.wrong[0] ?? 'the engine is as wanted');
    if (this.#calmAtMs === undefined || this.#unsettled.size === 0) return undefined;
    if (fact.atMs - this.#calmAtMs <= this.#settleMs) return undefined;
    this.#calmAtMs = undefined;
    const [host = ''] = this.#unsettled;
    const seconds = this.#settleMs / 1000;
    return `${this.#unsettled.size} hosts are not settled ${seconds} s after faults have ceased; ${host}: ${this.#why.get(host) ?? 'nothing is known'}`;
  }
}

/** What the agent did not make it leaves alone. */
class ForeignUntouched implements Oracle {
  readonly name = 'a foreign container is never touched';
  readonly #foreign = new Set<string>();

  take(fact: Timed): string | undefined {
    if (fact.kind !== 'container') return undefined;
    const id = `${fact.host} ${fact.id}`;
    if (fact.action === 'create' && fact.by !== 'agent') this.#foreign.add(id);
    return fact.by === 'agent' && this.#foreign.has(id) ? `${describe(fact)}, which is somebody else's` : undefined;
  }
}
