import type { ContainerFact, Fact, Timed } from '../sim/history.ts';
import { createOracles } from '../sim/oracles.ts';
import type { EngineEvent } from '../support/witness.ts';

/** Something that a human did to a container. */
export interface Act {
  readonly container: string;
  readonly atMs: number;
  /** What was done, in a word. */
  readonly what: string;
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
/** A history is judged when it is over: how soon something came about is the harness's to measure. */
const NEVER_MS = Number.POSITIVE_INFINITY;

/** Every breach of a promise, in words; none: the history is as promised. Judged by the oracles of the simulator, which read nothing but facts. */
export function breaches(history: HostHistory, expected: Expectations): string[] {
  const bounds = { noticeMs: NEVER_MS, settleMs: NEVER_MS, silenceMs: expected.unknownAfterMs, secrets: [] };
  const oracles = createOracles(bounds);
  const judged = factsOf(history, expected).flatMap((fact) => oracles.map((oracle) => oracle.take(fact)));
  return [...judged.filter((each) => each !== undefined), ...stoppedWithNeed(history, expected)].map(
    (breach) => `${history.name}: ${breach}`,
  );
}

/** The history as facts, in the order of time; what has no time of its own comes first, and what is owed at the end comes last. */
function factsOf(history: HostHistory, expected: Expectations): readonly Timed[] {
  const { name: host, generations, sent, stored } = history;
  const at = (atMs: number) => (fact: Fact) => ({ ...fact, atMs });
  const wants = [...expected.calm, ...expected.changing].map((each) => ({
    stack: '',
    service: each,
    replica: 1,
    spec: each,
  }));
  const outbox = 'the only one';
  // Nobody but the hub itself sees what it signs: it is taken at its word, and the host at that it follows it.
  const accepted = [0n, ...generations].flatMap((generation, index): Fact[] => [
    { kind: 'issued', host, generation, digest: `${index}`, wants, removals: [] },
    { kind: 'accepted', host, generation, digest: `${index}` },
  ]);
  const told = Array.from(
    { length: sent },
    (_, index): Fact => ({ kind: 'event-sent', host, outbox, sequence: index + 1, content: '' }),
  );
  const kept = stored.map((sequence): Fact => ({ kind: 'event-stored', host, outbox, sequence, content: '' }));
  const timed = [...engineFacts(history, expected), ...shownFacts(history)].sort((a, b) => a.atMs - b.atMs);
  const beganMs = timed[0]?.atMs ?? 0;
  const endedMs = timed.at(-1)?.atMs ?? 0;
  return [
    ...[...accepted, ...told, ...running(host, expected)].map(at(beganMs)),
    ...timed,
    ...[...kept, { kind: 'settled', hosts: [host] } as const].map(at(endedMs)),
  ];
}

/** What runs at the beginning, as it should. */
function running(host: string, { calm }: Expectations): Fact[] {
  const made = calm.map((each): Fact => containerFact(host, each, { by: 'agent', action: 'create' }));
  return [...made, { kind: 'truth', host, wrong: [], sound: calm }];
}

/** What the engine itself tells. What ends right after a human laid hands on it was ended by the human. */
function engineFacts({ name: host, engine, acts, absences }: HostHistory, expected: Expectations): Timed[] {
  const open = [...acts];
  return engine.flatMap(({ type, action, name, atMs }): Timed[] => {
    if (type === 'volume' && action === 'destroy') return [{ kind: 'volume-destroyed', host, name, atMs }];
    if (type !== 'container') return [];
    const known = [...expected.calm, ...expected.changing].find((each) => isOf(name, each));
    if (action === 'create') return [{ ...containerFact(host, known ?? name, { by: 'agent', action }), atMs }];
    if (known === undefined || !expected.calm.includes(known)) return [];
    if (action === 'start') return [{ kind: 'truth', host, wrong: [], sound: [known], atMs }];
    if (action !== 'die') return [];
    const cause = open.findIndex(
      (act) => act.container === known && act.atMs <= atMs && atMs <= reachOf(act, absences),
    );
    if (cause !== -1) open.splice(cause, 1);
    const how = cause === -1 ? ({ by: 'agent', action: 'stop' } as const) : ({ by: 'human', action: 'stop' } as const);
    return [{ ...containerFact(host, known, how), atMs }];
  });
}

/** Until when an act may end a container: what a human changed while no agent ran is put right by the next one. */
function reachOf({ atMs }: Act, absences: readonly Absence[]): number {
  return absences.reduce(
    (untilMs, { fromMs, toMs }) => (fromMs <= untilMs && atMs <= toMs ? Math.max(untilMs, toMs + ACT_MS) : untilMs),
    atMs + ACT_MS,
  );
}

/** A container is known by its name: the engine's events tell no more that lasts. */
function containerFact(host: string, name: string, how: Pick<ContainerFact, 'by' | 'action'>): ContainerFact {
  return { kind: 'container', host, ...how, id: name, name, stack: '', service: name, replica: 1, spec: name };
}

/** What the hub showed; a host is heard whenever an agent runs on it. */
function shownFacts({ name: host, shown, absences }: HostHistory): Timed[] {
  const heard = (atMs: number): Timed => ({ kind: 'heard', host, by: host, atMs });
  const left = absences.map(({ fromMs }) => heard(fromMs));
  const looks = shown.flatMap(({ atMs, sync, online }): Timed[] => {
    const isGone = absences.some(({ fromMs, toMs }) => fromMs < atMs && atMs < toMs);
    const look: Timed = { kind: 'shown', host, sync, online, atMs };
    return isGone ? [look] : [heard(atMs), look];
  });
  return [...left, ...looks];
}

/** What commits replace is stopped once for each, and once more where an agent died in the middle; which of them it was nobody can tell from outside. */
function stoppedWithNeed({ engine, acts, generations, absences }: HostHistory, { changing }: Expectations): string[] {
  const allowed = generations.length + absences.length;
  return changing.flatMap((container) => {
    const open = acts.filter((act) => act.container === container);
    const { length } = engine.filter(({ type, action, name, atMs }) => {
      if (type !== 'container' || action !== 'die' || !isOf(name, container)) return false;
      const cause = open.findIndex((act) => act.atMs <= atMs && atMs <= act.atMs + ACT_MS);
      if (cause !== -1) open.splice(cause, 1);
      return cause === -1;
    });
    return length <= allowed ? [] : [`${container} was stopped ${length} times for ${generations.length} generations`];
  });
}

/** The old container has another name while the new one starts. */
function isOf(name: string, container: string): boolean {
  return name === container || name.startsWith(`${container}-`) || name.startsWith(`${container}.`);
}

/** Digits by which containers of one host are told apart. */
const ID_DIGITS = 6;

/** Everything that happened to a container, a line each: what explains a breach. */
export function diaryOf({ engine, acts }: HostHistory, container: string): readonly string[] {
  const told = engine
    .filter(({ type, name, action }) => type === 'container' && isOf(name, container) && !OWN_WORK.test(action))
    .map(({ atMs, action, name, id }) => ({ atMs, what: `${action} ${name} ${id.slice(0, ID_DIGITS)}` }));
  const done = acts
    .filter((act) => act.container === container)
    .map(({ atMs, what }) => ({ atMs, what: `by hand: ${what}` }));
  return [...told, ...done]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, what }) => `    ${new Date(atMs).toISOString()} ${what}`);
}

/** What the engine does for healthchecks. */
const OWN_WORK = /^(?:exec_|health_status)/;
