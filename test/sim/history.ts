/**
 * What happened in a fleet, as plain facts: whoever watches a fleet, simulated or real, can write them, and the oracles read nothing else. A host's
 * copy (its keys on a second machine) has a name of its own, "HOST~2"; what the hub says and hears is about "HOST".
 */
export type Fact =
  | Issued
  | Accepted
  | Hello
  | ContainerFact
  | VolumeDestroyed
  | EventFact
  | OutboxFact
  | Heard
  | Shown
  | Truth
  | Said
  | Touched
  | Weather
  | Restored;

/** One replica that an assignment wants. */
export interface Want {
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  /** Digest of its specification. */
  readonly spec: string;
}

/** The hub signed an assignment. */
export interface Issued {
  readonly kind: 'issued';
  readonly host: string;
  readonly generation: bigint;
  /** Of the envelope's bytes. */
  readonly digest: string;
  readonly wants: readonly Want[];
  /** Stacks that are to go. */
  readonly removals: readonly string[];
}

/** A host switched to an assignment. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly host: string;
  readonly generation: bigint;
  readonly digest: string;
}

/** A host told the hub the highest generation that it ever accepted. */
export interface Hello {
  readonly kind: 'hello';
  readonly host: string;
  readonly highWater: bigint;
}

/** Something was done to a container. `stack`, `service`, `replica` and `spec` as its labels say; empty: it has none. */
export interface ContainerFact {
  readonly kind: 'container';
  readonly host: string;
  readonly by: 'agent' | 'human' | 'engine';
  /** "create start stop remove restart rename update unpause connect disconnect exit pause". */
  readonly action: string;
  readonly id: string;
  readonly name: string;
  readonly stack: string;
  readonly service: string;
  readonly replica: number;
  readonly spec: string;
}

/** A volume and what was in it is gone. */
export interface VolumeDestroyed {
  readonly kind: 'volume-destroyed';
  readonly host: string;
  readonly name: string;
}

/** An event entered a host's outbox, left it unsent because it was full, or was stored by the hub. */
export interface EventFact {
  readonly kind: 'event-sent' | 'event-dropped' | 'event-stored';
  readonly host: string;
  /** Id of the outbox. */
  readonly outbox: string;
  readonly sequence: number;
  /** What the event says; not of dropped ones. */
  readonly content?: string;
}

/** How much an outbox holds, and may hold. */
export interface OutboxFact {
  readonly kind: 'outbox';
  readonly host: string;
  readonly events: number;
  readonly bytes: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** The hub heard from a host. */
export interface Heard {
  readonly kind: 'heard';
  readonly host: string;
  /** The machine that spoke: the host, or its copy. */
  readonly by: string;
}

/** What the hub shows of a host to whoever asks. */
export interface Shown {
  readonly kind: 'shown';
  readonly host: string;
  /** In the field's own words: "Synced", "Unknown" and the others. */
  readonly sync: string;
  /** Whether it is said to be online; undefined: nobody looked. */
  readonly online?: boolean;
}

/** How a host's engine is, measured by what the hub issued last; found out without the product. */
export interface Truth {
  readonly kind: 'truth';
  readonly host: string;
  /** Everything that does not match, each as one sentence; empty: all is as wanted. */
  readonly wrong: readonly string[];
  /** Ids of the containers that are exactly as wanted. */
  readonly sound: readonly string[];
}

/** A text left a host or was written down: a log line, an event, a report, what lies on the broker. */
export interface Said {
  readonly kind: 'said';
  readonly host: string;
  readonly where: 'log' | 'message' | 'broker' | 'status';
  readonly text: string;
}

/** Somebody else than the agent did something to containers, or they ended by themselves: what the agent does about it is no restart without need. */
export interface Touched {
  readonly kind: 'touched';
  readonly host: string;
  /** Empty: all of the host. */
  readonly id: string;
}

/** Faults begin, or have ceased; a host is settled when it is as it should be and everything that it told is stored. */
export interface Weather {
  readonly kind: 'storm' | 'calm' | 'settled';
  /** The whole fleet, or the one host that settled. */
  readonly hosts: readonly string[];
}

/** The hub's database is an older one: what it stored since is gone, and is nobody's fault. */
export interface Restored {
  readonly kind: 'restored';
  /** Highest stored sequence of each outbox now. */
  readonly stored: readonly { readonly outbox: string; readonly sequence: number }[];
}

/** A fact and when it was, in milliseconds since the beginning by a clock that nobody sets. */
export type Timed = Fact & { readonly atMs: number };

/** Facts that are remembered, to show what came before a violation. */
const REMEMBERED = 40;

/** Takes facts in the order in which they happened and hands each to whoever judges. */
export class History {
  readonly #nowMs: () => number;
  readonly #judge: (fact: Timed) => void;
  readonly #newest: Timed[] = [];
  /** How many there were, by kind. */
  readonly counts = new Map<string, number>();
  #digest = 0x811c9dc5;

  constructor(nowMs: () => number, judge: (fact: Timed) => void) {
    this.#nowMs = nowMs;
    this.#judge = judge;
  }

  /** The last ones, oldest first, but for texts. */
  get newest(): readonly Timed[] {
    return this.#newest;
  }

  /** Digest of everything that happened, in order. */
  get digest(): string {
    return this.#digest.toString(16).padStart(8, '0');
  }

  add(fact: Fact): void {
    const timed: Timed = { ...fact, atMs: this.#nowMs() };
    this.counts.set(fact.kind, (this.counts.get(fact.kind) ?? 0) + 1);
    if (fact.kind !== 'said') this.#remember(timed);
    this.#judge(timed);
  }

  #remember(fact: Timed): void {
    for (const text of [
      fact.kind,
      String(fact.atMs),
      'host' in fact ? fact.host : '',
      'action' in fact ? fact.action : '',
    ])
      for (let index = 0; index < text.length; index += 1)
        this.#digest = Math.imul(this.#digest ^ text.charCodeAt(index), 0x01000193) >>> 0;
    if (fact.kind === 'heard' || fact.kind === 'outbox') return;
    this.#newest.push(fact);
    if (this.#newest.length > REMEMBERED) this.#newest.shift();
  }
}
