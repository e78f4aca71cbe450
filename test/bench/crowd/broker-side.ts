import { type AcceptedMark, BrokerLink, connectBroker, verifyAssignment, verifyTrust } from '@mooring/agent';
import type { TrustedKey } from '@mooring/proto';
import pino from 'pino';
import type { Roster, RosterHost } from './roster.ts';

/** What makes a simulated agent count as one that holds the newest. */
export type Holding =
  /** Any bytes arrived: nothing is looked at. */
  | 'received'
  /** A newer assignment than before arrived and passed every check. */
  | 'newer'
  /** The newest arrived and passed every check, also where it is the one from before. */
  | 'newest';

/** What simulated agents of one fleet share. */
export interface BrokerSideParts {
  readonly roster: Pick<Roster, 'fleetId' | 'ca' | 'brokerUrl'>;
  readonly keys: readonly TrustedKey[];
  /** Called once for each watch, with the generation that is held; 0 where nothing is looked at. */
  readonly onHeld: (generation: bigint) => void;
}

/** Keys that may sign assignments, by the fleet's own trust file. */
export function assignmentKeys({ trust, rootKey, fleetId }: Roster): readonly TrustedKey[] {
  const pinned = { rootKey: Buffer.from(rootKey, 'base64'), fleetId };
  return verifyTrust(Buffer.from(trust, 'base64'), pinned).assignmentKeys;
}

/** A simulated agent's side to the broker: the agent's own connection, its way back after a loss, and its own verification. */
export class BrokerSide {
  readonly #host: RosterHost;
  readonly #parts: BrokerSideParts;
  #link: BrokerLink | undefined;
  #mark: AcceptedMark | undefined;
  #holding: Holding | undefined;
  /** The newest bytes that arrived. */
  envelope: Uint8Array = new Uint8Array();

  constructor(host: RosterHost, parts: BrokerSideParts) {
    this.#host = host;
    this.#parts = parts;
  }

  /** Connects, and waits until it asked for what is there. */
  async connect(): Promise<void> {
    const { name, nkeySeed } = this.#host;
    const { roster } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#link = new BrokerLink({
      connect: (target) => connectBroker({ ...target, host: name, nkeySeed, caPem: roster.ca }),
      urls: [roster.brokerUrl],
      onPush: (envelope) => this.#arrived(envelope),
      onReady: () => void this.#ask().then(resolve),
      log: pino({ level: 'silent' }),
      nowMs: Date.now,
    });
    await promise;
  }

  /** From now on, what arrives counts once. */
  watch(holding: Holding): void {
    this.#holding = holding;
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }

  /** As the agent does when the broker is there (again). What cannot be had now is pushed once it is there. */
  async #ask(): Promise<void> {
    try {
      const envelope = await this.#link?.assignment();
      if (envelope !== undefined) this.#arrived(envelope);
    } catch {
      // The connection broke again; the link is making the next one.
    }
  }

  #arrived(envelope: Uint8Array): void {
    const holding = this.#holding;
    if (holding === 'received') {
      this.#holds(0n);
      return;
    }
    const { roster, keys } = this.#parts;
    const expected = { keys, fleetId: roster.fleetId, host: this.#host.name, accepted: this.#mark, nowMs: Date.now() };
    const { assignment, payloadDigest, known } = verifyAssignment(envelope, expected);
    this.#mark = { generation: assignment.generation, payloadDigest };
    this.envelope = envelope;
    if (holding === 'newest' || (holding === 'newer' && !known)) this.#holds(assignment.generation);
  }

  #holds(generation: bigint): void {
    this.#holding = undefined;
    this.#parts.onHeld(generation);
  }
}
