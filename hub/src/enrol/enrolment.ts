import type { AskBackRequest, JoinRequest, JoinResponse, RenewCertificateResponse } from '@mooring/proto';
import type { Caller } from '../grpc/handlers.ts';
import type { HostRecord, UserRecord } from '../store/store.ts';
import { Turns } from '../turns.ts';
import { type Approved, type ApproveOptions, approve } from './approve.ts';
import { knownCaller } from './caller.ts';
import { type InviteOptions, invite } from './invite.ts';
import { join } from './join.ts';
import type { Endpoints, EnrolmentContext, EnrolmentParts, IdentitiesChange } from './parts.ts';
import { RefusalGate } from './refusal-gate.ts';
import { renewCertificate } from './renew.ts';
import { type ReturningHost, ReturningHosts } from './returning-hosts.ts';
import { type RevokeOptions, removeHost, revoke } from './revoke.ts';
import { type AddUserOptions, addUser } from './users.ts';

/** Who belongs to the fleet, and how one comes in and goes out. Each change is an event with its actor. */
export interface Enrolment {
  /** Makes a single-use join string for a host. */
  invite(options: InviteOptions): Promise<{ readonly joinString: string; readonly expiresAtMs: number }>;
  /** Trades a token for an identity; `from` is the address that asks. */
  join(request: JoinRequest, from: string): Promise<JoinResponse>;
  addUser(options: AddUserOptions): Promise<{ readonly certificates: Buffer[]; readonly expiresAtMs: number }>;
  /** Sorted by name, revoked ones included. */
  users(): readonly UserRecord[];
  /** Ends an identity: `onIdentitiesChanged` tells who must let go of it. */
  revoke(options: RevokeOptions): Promise<void>;
  /** Takes a host out of the fleet; `actor` is the host itself when it leaves by its own wish. */
  removeHost(options: { readonly host: string; readonly actor: string }): Promise<void>;
  /** Issues a new certificate for a host that has one. */
  renewCertificate(host: string, csr: Uint8Array): Promise<RenewCertificateResponse>;
  /** Hears a host that this hub does not remember; answers when it shall ask again. */
  askBack(caller: Caller, request: AskBackRequest): Promise<{ readonly askAgainMs: number }>;
  /** Who asks to be let in again, sorted by name. */
  returning(): readonly ReturningHost[];
  /** True for the name of a host of the fleet, whatever its key. */
  isKnown(host: string): boolean;
  /** Lets hosts in again that ask. */
  approve(options: ApproveOptions): Promise<Approved>;
  /** Whose certificate (DER) this is. Throws UNAUTHENTICATED, CERT_*, AGENT_REVOKED or USER_REVOKED. */
  callerOf(peerCertificateDer: Uint8Array): Caller;
  /** Calls back after every change of identities; returns how to stop that. */
  onIdentitiesChanged(listener: (change: IdentitiesChange) => void): () => void;
  endpoints(): Endpoints;
}

/** Opens the door of the fleet. */
export function createEnrolment(parts: EnrolmentParts): Enrolment {
  const listeners = new Set<(change: IdentitiesChange) => void>();
  const changed = (change: IdentitiesChange) => {
    for (const listener of listeners) listener(change);
  };
  const context: EnrolmentContext = { ...parts, changed };
  const door = { gate: new RefusalGate(), turns: new Turns() };
  const promote = promoter(context);
  const returning = new ReturningHosts(context);
  return {
    invite: (options) => invite(context, options),
    join: (request, from) => join(context, door, { request, from }),
    addUser: (options) => addUser(context, options),
    users: () => parts.store.users(),
    revoke: (options) => revoke(context, options),
    removeHost: (options) => removeHost(context, options),
    renewCertificate: (host, csr) => renewCertificate(context, host, csr),
    askBack: (caller, request) => returning.ask(caller, request),
    returning: () => returning.list(),
    isKnown: (host) => parts.store.host(host) !== undefined,
    approve: (options) => door.turns.take(() => approve(context, returning, options)),
    callerOf(peerCertificateDer) {
      const identity = { fleetId: parts.fleet.id, store: parts.store, nowMs: parts.clock() };
      const known = knownCaller(identity, peerCertificateDer);
      if (known.promote !== undefined) promote(known.promote);
      return known.caller;
    },
    onIdentitiesChanged(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    endpoints: parts.endpoints,
  };
}

/** Makes the renewed key the only one, once per renewal, however many calls use it at the same time. */
function promoter({ store, onError }: EnrolmentContext): (host: HostRecord) => void {
  const underWay = new Set<string>();
  return ({ name, nextSpkiHash }) => {
    if (underWay.has(nextSpkiHash)) return;
    underWay.add(nextSpkiHash);
    store
      .updateHost(name, { spkiHash: nextSpkiHash, nextSpkiHash: '' })
      .catch(onError)
      .finally(() => underWay.delete(nextSpkiHash));
  };
}
