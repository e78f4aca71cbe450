import { setTimeout as delay } from 'node:timers/promises';
import { HEARTBEAT_MS, type TestHost } from '../support/fleet.ts';
import { acceptedBy } from './accepted.ts';
import { type Absence, type Act, breaches, diaryOf, type HostHistory, type Shown } from './history.ts';
import { sentAndStored } from './outboxes.ts';
import { APP, ASIDE, CALM, type Stage } from './stage.ts';

/** Between looks at what the hub shows. */
const LOOK_EVERY_MS = 2_000;
/** Three heartbeats, and what a busy machine needs to look. */
const UNKNOWN_AFTER_MS = 3 * HEARTBEAT_MS + 4_000;

/** Writes down what happens on a stage, and judges it. */
export class Recorder {
  readonly #stage: Stage;
  readonly #beganMs = Date.now();
  readonly #acts = new Map<string, Act[]>();
  readonly #absences = new Map<string, Absence[]>();
  readonly #shown = new Map<string, Shown[]>();
  readonly #stop = new AbortController();
  readonly #generationsBefore = new Map<string, number>();
  readonly #looking: Promise<void>;

  constructor(stage: Stage) {
    this.#stage = stage;
    for (const host of stage.fleet.hosts) this.#generationsBefore.set(host.name, acceptedBy(host).length);
    this.#looking = this.#look();
  }

  /** To be said before it is done. */
  act(host: TestHost, container: string, what: string): void {
    append(this.#acts, host.name, { container, atMs: Date.now(), what });
  }

  absent(host: TestHost, fromMs: number): void {
    append(this.#absences, host.name, { fromMs, toMs: Date.now() });
  }

  /** Ends the record: every breach of a promise, in words, and how much there was to judge. */
  async judge(): Promise<{ readonly found: string[]; readonly seen: string[] }> {
    this.#stop.abort();
    await this.#looking;
    const { fleet } = this.#stage;
    const found: string[] = [];
    const seen: string[] = [];
    for (const host of fleet.hosts) {
      const { sent, stored } = sentAndStored(fleet, host);
      const history = {
        name: host.name,
        engine: await this.#stage.witness(host.name).eventsSince(this.#beganMs),
        acts: this.#acts.get(host.name) ?? [],
        generations: acceptedBy(host).slice(this.#generationsBefore.get(host.name)),
        sent,
        stored,
        shown: this.#shown.get(host.name) ?? [],
        absences: this.#absences.get(host.name) ?? [],
      };
      seen.push(inWords(history));
      const broken = breaches(history, { calm: [CALM, ASIDE], changing: [APP], unknownAfterMs: UNKNOWN_AFTER_MS });
      if (broken.length > 0) seen.push(...diaryOf(history, CALM));
      found.push(...broken);
    }
    return { found, seen };
  }

  async #look(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const atMs = Date.now();
      const { code, stdout } = await this.#stage.fleet.mooring('hosts', '-o', 'json');
      // A hub that is down shows nothing.
      if (code === 0) {
        for (const { name, sync, online } of JSON.parse(stdout).hosts)
          append(this.#shown, name, { atMs, sync, online: online === true });
      }
      await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

function inWords({ name, engine, acts, generations, stored, shown, absences }: HostHistory): string {
  const made = engine.filter(({ type, action }) => type === 'container' && action === 'start').length;
  return `${name}: ${acts.length} acts by hand, ${absences.length} times without an agent, ${generations.length} generations, ${made} starts, ${stored.length} events stored, ${shown.length} looks`;
}

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  lists.set(name, [...(lists.get(name) ?? []), item]);
}
