import type { AskBackRequest, Event, Hello, RenewCertificateResponse } from '@mooring/proto';
import type { Caller } from '../grpc/handlers.ts';
import type { Store } from '../store/store.ts';
import type { Timers } from '../timers.ts';
import type { Presence } from './presence.ts';
import type { Questions } from './questions.ts';

/** What the side of the hub that listens to agents relies on. */
export interface IngestParts {
  readonly store: Store;
  readonly presence: Presence;
  readonly questions: Questions;
  /** Newest assignment of a host; undefined: none was issued. */
  readonly newest: (host: string) => { readonly generation: bigint; readonly digest: string } | undefined;
  /** Milliseconds between heartbeats while the fleet is small. */
  readonly heartbeatMs: number;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
  /** Called with each checked hello before the host is welcomed; what it awaits delays the welcome. */
  readonly onHello: (hello: Hello) => Promise<void> | void;
  /** A report of the host is stored. */
  readonly onHostChanged: (host: string) => void;
  /** The host refuses its newest assignment: it lies more than a day ahead of its clock. */
  readonly onRefusedAsFuture: (host: string) => void;
  /** The host has accepted other content under the generation of its newest assignment: an earlier hub, of which this one was restored, had issued it. */
  readonly onOtherAccepted: (host: string, generation: bigint) => void;
  /** Events of a host are stored that were not stored before. */
  readonly onEvents: (events: readonly Event[]) => void;
  /** Where the broker is, now. */
  readonly natsUrls: () => readonly string[];
  /** A host that is not remembered asks to be let in again; answers when it shall ask again. */
  readonly askBack: (caller: Caller, request: AskBackRequest) => Promise<{ readonly askAgainMs: number }>;
  /** The host wishes to leave the fleet. */
  readonly onLeave: (host: string) => Promise<void>;
  readonly renewCertificate: (host: string, csr: Uint8Array) => Promise<RenewCertificateResponse>;
  /** Takes failures of work that nobody waits for. */
  readonly onError: (error: unknown) => void;
}
