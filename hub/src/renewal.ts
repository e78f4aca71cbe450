import type { Moor } from './moor.ts';
import type { Publisher } from './publish/publisher.ts';
import type { InventoryHost } from './render/rendering.ts';
import type { Assigner } from './sign/assigner.ts';
import type { Source } from './source/follow.ts';
import type { Store } from './store/store.ts';

/** What renewing relies on. */
export interface RenewalParts {
  readonly store: Store;
  readonly source: Source;
  readonly moor: Moor;
  readonly assigner: Assigner;
  readonly publisher: Publisher;
  /** Highest generation that each host told. */
  readonly marks: Map<string, bigint>;
  readonly onError: (error: unknown) => void;
}

/** Renders and assigns the accepted commit again when hosts came, went or are ahead; requests that come together are served once. */
export class Renewal {
  readonly #parts: RenewalParts;
  #running: Promise<void> | undefined;
  #again: string | undefined;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
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

  /** A host said hello. One that is ahead of this hub gets its assignment under a generation above its own. */
  async heard(host: string, highWater: bigint): Promise<void> {
    const { store, marks } = this.#parts;
    const newest = store.assignmentHead(host)?.generation ?? 0n;
    if (highWater <= newest) return;
    marks.set(host, highWater);
    await this.#reissue(host, 'the host was ahead of the hub');
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
