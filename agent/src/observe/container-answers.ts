import { containerDetails } from './container-details.ts';
import type { ContainerDetails } from './engine.ts';

/** What the engine said last of each container. The same words again mean the same: they are neither parsed nor taken apart a second time. */
export class ContainerAnswers {
  readonly #last = new Map<string, { readonly text: string; readonly details: ContainerDetails }>();

  /** What an answer of ContainerInspect means. */
  read(id: string, text: string): ContainerDetails {
    const before = this.#last.get(id);
    if (before?.text === text) return before.details;
    const details = containerDetails(JSON.parse(text));
    this.#last.set(id, { text, details });
    return details;
  }

  /** Forgets every other container. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#last.keys()) if (!ids.has(id)) this.#last.delete(id);
  }
}
