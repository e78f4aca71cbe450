import { createHash } from 'node:crypto';
import type { InspectedConfig } from './inspected.ts';

/** An image on the fake engine. */
export interface HeldImage {
  readonly id: string;
  readonly config: InspectedConfig;
}

/** Images of the fake engine, by their tags and their ids, and those that it can pull. */
export class HeldImages {
  readonly #here = new Map<string, HeldImage>();
  readonly #registry = new Map<string, InspectedConfig>();

  add(reference: string, config: InspectedConfig): void {
    const id = `sha256:${createHash('sha256')
      .update(JSON.stringify([reference, config]))
      .digest('hex')}`;
    this.tag({ id, config }, reference);
  }

  /** An image that loses its tag is still there, by its id. */
  tag(image: HeldImage, reference: string): void {
    this.#here.set(image.id, image).set(reference, image);
  }

  publish(reference: string, config: InspectedConfig): void {
    this.#registry.set(reference, config);
  }

  /** False: the registry has none of that name. */
  pull(reference: string): boolean {
    const found = this.#registry.get(reference);
    if (found !== undefined) this.add(reference, found);
    return found !== undefined;
  }

  find(reference: string): HeldImage | undefined {
    return this.#here.get(reference);
  }
}
