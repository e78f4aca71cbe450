import type { EngineEvent } from '../support/witness.ts';

/** Something that a human did to a container. */
export interface Act {
  readonly container: string;
  readonly atMs: number;
}

/** What the hub showed of a host at one moment. */
export interface Shown {
  readonly atMs: number;
  readonly sync: string;
  readonly online: boolean;
}

/** A time in which no agent ran. */
export interface Absence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What became of one host, told by witnesses that are not the code under test. */
export interface HostHistory {
  readonly name: string;
  /** The engine's own events. */
  readonly engine: readonly EngineEvent[];
  readonly acts: readonly Act[];
  /** In the order in which agents of this host accepted them. */
  readonly generations: readonly bigint[];
  /** Highest sequence that the outbox gave. */
  readonly sent: number;
  /** Sequences that the hub stored. */
  readonly stored: readonly number[];
  readonly shown: readonly Shown[];
  readonly absences: readonly Absence[];
}

/** What a history is judged by. */
export interface Expectations {
  /** Containers that no commit touches: only a human may stop them. */
  readonly calm: readonly string[];
  /** Containers that each commit replaces: stopped by a human, once for a generation, and once more where an agent died in the middle. */
  readonly changing: readonly string[];
  /** Milliseconds after its last word at which a host must be unknown. */
  readonly unknownAfterMs: number;
}

/** From an act to the end of the container: the engine is asked, and stops it. */
const ACT_MS = 15_000;

/** Every breach of a promise, in words; none: the history is as promised. */
export function breaches(history: HostHistory, expected: Expectations): string[] {
  return [
    ...generationsGrow(history),
    ...storedOnce(history),
    ...volumesStay(history),
    ...calmUntouched(history, expected),
    ...stoppedWithNeed(history, expected),
    ...unknownNeverSynced(history, expected),
  ].map((breach) => `${history.name}: ${breach}`);
}

function generationsGrow({ generations }: HostHistory): string[] {
  return generations.flatMap((generation, index) => {
    const before = generations[index - 1];
    return before === undefined || generation > before ? [] : [`generation ${generation} was accepted after ${before}`];
  });
}

function storedOnce({ sent, stored }: HostHistory): string[] {
  const there = new Set(stored);
  const missing = Array.from({ length: sent }, (_, index) => index + 1).filter((sequence) => !there.has(sequence));
  const strange = [...there].filter((sequence) => sequence > sent);
  return [
    ...(missing.length > 0 ? [`events ${missing.slice(0, 10).join()} of ${sent} are not stored`] : []),
    ...(there.size < stored.length ? [`${stored.length - there.size} events are stored twice`] : []),
    ...(strange.length > 0 ? [`events ${strange.slice(0, 10).join()} were never sent`] : []),
  ];
}

function volumesStay({ engine }: HostHistory): string[] {
  const destroyed = engine.filter(({ type, action }) => type === 'volume' && action === 'destroy');
  return destroyed.map(({ name }) => `volume ${name} was destroyed`);
}

/** Ends that no human brought about. */
function ends({ engine, acts }: HostHistory, container: string): EngineEvent[] {
  const died = engine.filter(
    ({ type, action, name }) => type === 'container' && action === 'die' && isOf(name, container),
  );
  const open = acts.filter((act) => act.container === container);
  return died.filter(({ atMs }) => {
    const cause = open.findIndex((act) => act.atMs <= atMs && atMs <= act.atMs + ACT_MS);
    if (cause === -1) return true;
    open.splice(cause, 1);
    return false;
  });
}

function calmUntouched(history: HostHistory, { calm }: Expectations): string[] {
  return calm.flatMap((container) =>
    ends(history, container).map(
      ({ name, atMs }) => `${name} was stopped at ${new Date(atMs).toISOString()} without need`,
    ),
  );
}

function stoppedWithNeed(history: HostHistory, { changing }: Expectations): string[] {
  const { generations, absences } = history;
  const allowed = generations.length + absences.length;
  return changing.flatMap((container) => {
    const { length } = ends(history, container);
    return length <= allowed ? [] : [`${container} was stopped ${length} times for ${generations.length} generations`];
  });
}

function unknownNeverSynced({ shown, absences }: HostHistory, { unknownAfterMs }: Expectations): string[] {
  return shown.flatMap(({ atMs, sync, online }) => {
    const isGone = absences.some(({ fromMs, toMs }) => fromMs + unknownAfterMs < atMs && atMs < toMs);
    const isShownWell = online || sync !== 'Unknown';
    return isGone && isShownWell
      ? [`it was shown ${sync} at ${new Date(atMs).toISOString()} while nobody spoke for it`]
      : [];
  });
}

/** The old container has another name while the new one starts. */
function isOf(name: string, container: string): boolean {
  return name === container || name.startsWith(`${container}-`) || name.startsWith(`${container}.`);
}
