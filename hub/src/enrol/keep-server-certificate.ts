import { MooringError } from '@mooring/proto';
import { every, MACHINE_TIMERS, type Timers } from '../timers.ts';
import type { Fleet } from './fleet.ts';
import { currentServerCertificate } from './open-fleet.ts';

/** Milliseconds between looks at the files: whoever replaced them waits for it. */
const LOOK_MS = 10_000;

/** What the hub proves itself with. */
export type ServerCertificate = Pick<Fleet, 'serverCertificatePem' | 'serverKeyPem'>;

/** What keeping the certificate relies on. */
export interface KeepCertificateParts {
  readonly data: string;
  readonly fleet: Fleet;
  readonly clock: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
  /** Another one counts from now on. */
  readonly onChanged: (certificate: ServerCertificate) => void;
  /** Takes failures that are none of the files. */
  readonly onError: (error: unknown) => void;
}

/** The hub's own certificate while it runs: renewed before its end, and read again where somebody replaced it, without a restart. */
export class ServerCertificateKeeper {
  readonly #parts: KeepCertificateParts;
  readonly #stop: () => void;
  #current: ServerCertificate;
  #problem: MooringError | undefined;
  #looking = false;

  constructor(parts: KeepCertificateParts) {
    this.#parts = parts;
    this.#current = parts.fleet;
    this.#stop = every(parts.timers ?? MACHINE_TIMERS, LOOK_MS, () => void this.#look());
  }

  /** The one that counts now. */
  get current(): ServerCertificate {
    return this.#current;
  }

  /** Why what stands in the folder does not count, and the one before still does; undefined: it counts. */
  get problem(): MooringError | undefined {
    return this.#problem;
  }

  close(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { data, fleet, clock, onChanged, onError } = this.#parts;
    try {
      const found = await currentServerCertificate(data, { ...fleet, nowMs: clock() });
      this.#problem = undefined;
      const { serverCertificatePem, serverKeyPem } = this.#current;
      if (found.serverCertificatePem === serverCertificatePem && found.serverKeyPem === serverKeyPem) return;
      onChanged(found);
      this.#current = found;
    } catch (error) {
      if (error instanceof MooringError) this.#problem = error;
      else onError(error);
    } finally {
      this.#looking = false;
    }
  }
}
