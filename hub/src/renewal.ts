import { MooringError, Severity } from '@mooring/proto';
import type { Moor } from './moor.ts';
import type { Publisher } from './publish/publisher.ts';
import type { InventoryHost } from './render/rendering.ts';
import type { Assigner } from './sign/assigner.ts';
import type { Source } from './source/follow.ts';
import { type Store, UNHEARD } from './store/store.ts';
import { every, MACHINE_TIMERS, type Timers } from './timers.ts';

/** Milliseconds between looks whether the hub's clock is right again: a person has just set it, and waits. */
const CLOCK_LOOK_MS = 30_000;

/** What renewing relies on. */
export interface RenewalParts {
  readonly store: Store;
  readonly source: Source;
  readonly moor: Moor;
  readonly assigner: Assigner;
  readonly publisher: Publisher;
  readonly onError: (error: unknown) => void;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/** Renders and assigns the accepted commit again when hosts came or went, or are taken over; requests that come together are served once. */
export class Renewal {
  readonly #parts: RenewalParts;
  #running: Promise<void> | undefined;
  #again: string | undefined;
  /** Hosts that refuse what was issued for them, as it lies far ahead of their clocks. */
  readonly #outOfReach = new Set<string>();
  /** Those among them for which it is just issued again. */
  readonly #mending = new Set<string>();
  readonly #stopLooking: () => void;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
    this.#stopLooking = every(parts.timers ?? MACHINE_TIMERS, CLOCK_LOOK_MS, () => this.#lookAgain());
  }

  close(): void {
    this.#stopLooking();
  }

  /** The hosts of the fleet, as rendering sees them. */
  static inventory(store: Store): readonly InventoryHost[] {
    const active = store.hosts().filter(({ revokedAtMs }) => revokedAtMs === 0);
    return active.map(({ name, labels }) => ({ name, labels }));
  }

  /** Renders again for today's inventory. */
  soon(reason: string): void {
    if (this.#running !== undefined) {
      this.#again = reason;
      return;
    }
    this.#running = this.#renew(reason)
      .catch(this.#parts.onError)
      .finally(() => {
        this.#running = undefined;
        const again = this.#again;
        this.#again = undefined;
        if (again !== undefined) this.soon(again);
      });
  }

  /** A host joined, was replaced, revoked or removed. What was sealed for an earlier identity is sealed for the new one. */
  identityChanged(host: string): void {
    this.#reissue(host, 'the host has a new identity').catch(this.#parts.onError);
    this.soon(`host ${host} changed`);
  }

  /**
   * A host said hello. What it has is kept in mind before anything is issued for it: no generation is used twice, and a host that is ahead of this hub
   * stays as it is until the next commit, or a person, takes it over.
   */
  async heard(host: string, highWater: bigint): Promise<void> {
    const { store, assigner, publisher } = this.#parts;
    const before = store.highWater(host);
    if (highWater <= before) return;
    await store.putHighWater(host, highWater);
    if (assigner.isHeldBack(host)) {
      if (before <= (store.assignmentHead(host)?.generation ?? 0n)) await this.#tellAhead(host, highWater);
      return;
    }
    if (before !== UNHEARD) return;
    // A database that was restored held its assignment back until now.
    publisher.wake();
    this.soon(`host ${host} is heard again`);
  }

  /**
   * A host has other content under the generation of its newest assignment: a hub that was restored gave out once more what the one before it had given.
   * The host refuses it for ever, so it counts as ahead by one: it stays as it is until the next commit, or a person, takes it over.
   */
  otherAccepted(host: string, generation: bigint): void {
    this.heard(host, generation + 1n).catch(this.#parts.onError);
  }

  /**
   * A host says that its newest assignment lies more than a day ahead of its clock. If the hub's clock was the wrong one, it is issued again as soon as
   * that is right.
   */
  refusedAsFuture(host: string): void {
    this.#outOfReach.add(host);
    this.#reissueInReach(host);
  }

  /** Issues what the accepted commit gives hosts that are ahead, above what they have; resolves to their names, sorted. Throws NOT_FOUND. */
  async takeOver(hosts: readonly string[] | 'all'): Promise<readonly string[]> {
    const { store, assigner, moor, source } = this.#parts;
    const ahead = Renewal.inventory(store)
      .map(({ name }) => name)
      .filter((name) => assigner.isHeldBack(name) && store.highWater(name) !== UNHEARD);
    const stranger = hosts === 'all' ? undefined : hosts.find((host) => !ahead.includes(host));
    if (stranger !== undefined) {
      const message = `Cannot take over host ${stranger}: it is not ahead of this hub; one that \`mooring hosts\` shows so is wanted`;
      throw new MooringError('NOT_FOUND', message);
    }
    const chosen = hosts === 'all' ? ahead : ahead.filter((host) => hosts.includes(host));
    if (chosen.length === 0) return [];
    const outcome = await source.render(Renewal.inventory(store));
    if (outcome?.kind !== 'rendered') {
      const message = 'Cannot take over hosts: no accepted commit renders now; one is wanted';
      const hint = 'See why: mooring status. The next good commit takes them over.';
      throw new MooringError('RENDER_FAILED', message, { hint });
    }
    await moor.renew(outcome.rendering, 'taken over by a person', new Set(chosen));
    return chosen;
  }

  /** Hosts that refuse what was issued for them, as it lies far ahead of their clocks; sorted. */
  refusingAsFuture(): readonly string[] {
    const { store } = this.#parts;
    for (const host of this.#outOfReach)
      if (store.hostState(host)?.state.refusal?.code !== 'ASSIGNMENT_FUTURE') this.#outOfReach.delete(host);
    return [...this.#outOfReach].sort();
  }

  #lookAgain(): void {
    for (const host of this.refusingAsFuture()) this.#reissueInReach(host);
  }

  #reissueInReach(host: string): void {
    const { assigner, onError } = this.#parts;
    if (this.#mending.has(host) || !assigner.isOutOfReach(host)) return;
    this.#mending.add(host);
    this.#reissue(host, "the hub's clock was ahead and is right again")
      .catch(onError)
      .finally(() => this.#mending.delete(host));
  }

  async #tellAhead(host: string, generation: bigint): Promise<void> {
    await this.#parts.store.addHubEvent({
      kind: 'host.ahead',
      severity: Severity.SEVERITY_WARNING,
      host,
      generation,
      message: `Host ${host} is ahead of this hub, by generation ${generation}: nothing older is sent to it`,
    });
  }

  async #reissue(host: string, reason: string): Promise<void> {
    const { store, assigner, publisher } = this.#parts;
    const record = store.host(host);
    if (record === undefined || record.revokedAtMs !== 0) return;
    const { objects, assignments } = await assigner.reissue(record, reason);
    await publisher.publish(objects, assignments);
  }

  async #renew(reason: string): Promise<void> {
    const { store, source, moor } = this.#parts;
    const outcome = await source.render(Renewal.inventory(store));
    if (outcome?.kind === 'rendered') await moor.renew(outcome.rendering, reason);
    if (outcome?.kind === 'refused')
      this.#parts.onError(new Error(`the accepted commit no longer renders: ${outcome.problems[0]?.message ?? ''}`));
  }
}
