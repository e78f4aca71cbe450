import type { EventFact, Timed } from './history.ts';
import type { Oracle } from './oracle.ts';

interface Outbox {
  readonly host: string;
  /** Content of what was sent and is not known to be stored. */
  readonly waiting: Map<number, string>;
  readonly stored: Map<number, string>;
}

/** What a host tells is stored, once, as it was told; what a full outbox let go is not missed. */
export class EventsOnce implements Oracle {
  readonly name = 'stored events are the sent events, each once';
  readonly #outboxes = new Map<string, Outbox>();

  take(fact: Timed): string | undefined {
    switch (fact.kind) {
      case 'event-sent':
        this.#of(fact).waiting.set(fact.sequence, fact.content ?? '');
        return undefined;
      case 'event-dropped':
        this.#of(fact).waiting.delete(fact.sequence);
        return undefined;
      case 'event-stored':
        return this.#stored(fact);
      case 'restored':
        for (const id of this.#outboxes.keys())
          this.#goneAfter(id, fact.stored.find(({ outbox }) => outbox === id)?.sequence ?? 0);
        return undefined;
      case 'settled':
        return this.#missing(fact.hosts);
      default:
        return undefined;
    }
  }

  #stored({ host, outbox: id, sequence, content = '' }: EventFact): string | undefined {
    const outbox = this.#outboxes.get(id);
    if (outbox?.stored.has(sequence) === true) return `event ${sequence} of ${host} is stored twice`;
    const sent = outbox?.waiting.get(sequence);
    if (outbox === undefined || sent === undefined) return `event ${sequence} of ${host} is stored and was never sent`;
    if (sent !== content) return `event ${sequence} of ${host} says ${content}; it said ${sent}`;
    outbox.waiting.delete(sequence);
    outbox.stored.set(sequence, sent);
    return undefined;
  }

  /** What a restored hub has forgotten may be sent again where the host still has it. */
  #goneAfter(id: string, sequence: number): void {
    const outbox = this.#outboxes.get(id);
    for (const [stored, content] of outbox?.stored ?? []) {
      if (stored <= sequence) continue;
      outbox?.stored.delete(stored);
      outbox?.waiting.set(stored, content);
    }
    this.#forgiven.set(id, Math.max(this.#forgiven.get(id) ?? 0, ...(outbox?.waiting.keys() ?? [0])));
  }

  /** Up to which sequence nothing is missed: it was acknowledged by a hub that has forgotten it. */
  readonly #forgiven = new Map<string, number>();

  #missing(hosts: readonly string[]): string | undefined {
    for (const [id, { host, waiting }] of this.#outboxes) {
      if (!hosts.includes(host)) continue;
      for (const sequence of waiting.keys()) {
        if (sequence > (this.#forgiven.get(id) ?? 0)) return `event ${sequence} of ${host} was sent and is not stored`;
      }
      waiting.clear();
    }
    return undefined;
  }

  #of({ host, outbox: id }: EventFact): Outbox {
    const there = this.#outboxes.get(id) ?? { host, waiting: new Map(), stored: new Map() };
    this.#outboxes.set(id, there);
    return there;
  }
}
