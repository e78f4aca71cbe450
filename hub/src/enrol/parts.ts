import { MooringError, Severity } from '@mooring/proto';
import type { EventStore, HostRecord, IdentityStore, RevisionStore } from '../store/store.ts';
import type { Fleet } from './fleet.ts';

/** Where hosts and people find the hub and the broker. */
export interface Endpoints {
  /** Join port: "host:port". */
  readonly join: readonly string[];
  /** Main gRPC port: "host:port". */
  readonly hub: readonly string[];
  /** Broker: "tls://host:port". */
  readonly nats: readonly string[];
}

/** Who belongs to the fleet has changed. */
export interface IdentitiesChange {
  /** Ids of identities that no longer count: their calls and broker rights must end. */
  readonly ended: readonly string[];
  /** Host that joined, changed, or left; undefined: a user. */
  readonly host?: string | undefined;
}

/** What enrolment works with. */
export interface EnrolmentParts {
  readonly fleet: Fleet;
  readonly store: IdentityStore & EventStore & Pick<RevisionStore, 'addToldRevisions'>;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Asked each time, since ports may be bound late. */
  readonly endpoints: () => Endpoints;
  /** Resolves when the broker knows the host's account. */
  readonly registered: (host: HostRecord) => Promise<void>;
  /** Takes failures of work that nobody waits for. */
  readonly onError: (error: unknown) => void;
}

/** The parts, and how verbs tell that identities changed. */
export interface EnrolmentContext extends EnrolmentParts {
  readonly changed: (change: IdentitiesChange) => void;
}

/** Characters of a machine's id and of a version. */
const MAX_FACT_CHARACTERS = 128;

/** Something that a machine says of itself, safe to store and show. `action` says what fails without it. Throws INVALID_ARGUMENT. */
export function checkedFact(action: string, name: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (value.length <= MAX_FACT_CHARACTERS && !/[\u0000-\u001f\u007f]/.test(value)) return value;
  throw new MooringError(
    'INVALID_ARGUMENT',
    `Cannot ${action}: its ${name} is not plain text; at most ${MAX_FACT_CHARACTERS} printable characters are wanted`,
  );
}

/** Stores an event of enrolment. `host` names whom it concerns. */
export async function record(
  context: EnrolmentContext,
  event: {
    readonly kind: string;
    readonly message: string;
    readonly severity?: Severity | undefined;
    readonly host?: string | undefined;
    readonly code?: string | undefined;
  },
): Promise<void> {
  await context.store.addHubEvent({
    kind: event.kind,
    message: event.message,
    severity: event.severity ?? Severity.SEVERITY_INFO,
    host: event.host ?? '',
    code: event.code ?? '',
    atMs: BigInt(context.clock()),
  });
}
