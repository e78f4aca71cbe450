import { createHash } from 'node:crypto';
import { engineError } from './engine-error.ts';
import type { InspectedConfig } from './inspected.ts';

/** An image on the fake engine. */
export interface HeldImage {
  readonly id: string;
  readonly config: InspectedConfig;
}

/** Images of the fake engine, by their tags and their ids, and those that it can pull. */
export class HeldImages {
  readonly #here = new Map<string, HeldImage>();
  readonly #failing = new Map<HeldImage, string>();
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

  /** Whoever looks at the image hears an error; empty: no more. */
  fail(reference: string, message: string): void {
    const image = this.#here.get(reference);
    if (image === undefined) return;
    if (message === '') this.#failing.delete(image);
    else this.#failing.set(image, message);
  }

  /** What is told of the image. */
  look(reference: string): HeldImage | undefined {
    const image = this.#here.get(reference);
    const failing = image === undefined ? undefined : this.#failing.get(image);
    if (failing === undefined) return image;
    throw engineError(`look for image ${reference}`, Object.assign(new Error(failing), { statusCode: 500 }));
  }

  find(reference: string): HeldImage | undefined {
    return this.#here.get(reference);
  }
}
