import { MooringError } from '@mooring/proto';
import type { Engine } from './observe/engine.ts';

/** Opens the engine at the first use, and again after it was lost: it may come back as another version. */
export class EngineHolder {
  readonly #open: () => Promise<Engine>;
  #engine: Promise<Engine> | undefined;

  constructor(open: () => Promise<Engine>) {
    this.#open = open;
  }

  open(): Promise<Engine> {
    this.#engine ??= this.#open().catch((error) => {
      this.#engine = undefined;
      throw error;
    });
    return this.#engine;
  }

  /** Runs work with the engine; a failure of the way to it makes the next use open it anew. */
  async use<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    try {
      return await work(await this.open());
    } catch (error) {
      if (
        error instanceof MooringError &&
        (error.code === 'ENGINE_UNREACHABLE' || error.code === 'ENGINE_UNRESPONSIVE')
      )
        this.#engine = undefined;
      throw error;
    }
  }
}
