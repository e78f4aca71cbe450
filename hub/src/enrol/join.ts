import { createHash, randomUUIDv7 } from 'node:crypto';
import { type JoinRequest, type JoinResponse, MooringError, Severity } from '@mooring/proto';
import type { HostRecord, InvitationRecord } from '../store/store.ts';
import type { Turns } from '../turns.ts';
import { within } from './deadline.ts';
import { dataKeyOf } from './fleet.ts';
import { hostUri, issueIdentity } from './identity-certificate.ts';
import { verifyNkey } from './nkey.ts';
import { checkedFact, type EnrolmentContext, record } from './parts.ts';
import type { RefusalGate } from './refusal-gate.ts';
import { checkToken } from './token.ts';
import { readRequest } from './x509.ts';

/** Milliseconds that a join waits for the broker to know its account: a reload takes half a second at 4,000 accounts. */
const REGISTER_DEADLINE_MS = 8000;

/** What joins share: they are admitted one after the other, so that each sees what the one before stored. */
export interface JoinDoor {
  readonly gate: RefusalGate;
  readonly turns: Turns;
}

interface Admitted {
  readonly host: HostRecord;
  readonly chain: Buffer[];
}

/**
 * Trades a token for an identity. The name comes from the invitation, the key from the request, and nothing else from either. When this
 * resolves the broker knows the host's account, or an event says that it does not yet.
 */
export async function join(
  context: EnrolmentContext,
  door: JoinDoor,
  attempt: { readonly request: JoinRequest; readonly from: string },
): Promise<JoinResponse> {
  let admitted: Admitted;
  try {
    admitted = await door.turns.take(() => admit(context, attempt.request));
  } catch (error) {
    await recordRefusal(context, door.gate, { error, ...attempt });
    throw error;
  }
  await awaitBroker(context, admitted.host);
  const { hub, nats } = context.endpoints();
  return {
    host: admitted.host.name,
    certificates: admitted.chain,
    trust: Buffer.from(context.fleet.trustEnvelope),
    dataKey: Buffer.from(dataKeyOf(context.fleet, admitted.host.identityId)),
    natsUrls: [...nats],
    hubAddresses: [...hub],
    identityId: admitted.host.identityId,
  };
}

async function admit(context: EnrolmentContext, request: JoinRequest): Promise<Admitted> {
  const { fleet, store, clock } = context;
  const invitation = checkToken(store.invitation(request.tokenId), request.tokenSecret, clock());
  const publicKey = await readRequest(request.csr);
  checkNkey(context, request, invitation.host);
  const identityId = randomUUIDv7();
  const identity = await issueIdentity(fleet, publicKey, { uri: hostUri(fleet.id, invitation.host), nowMs: clock() });
  const host: HostRecord = {
    name: invitation.host,
    identityId,
    labels: invitation.labels,
    joinedAtMs: clock(),
    spkiHash: identity.spkiHash,
    nextSpkiHash: '',
    certificateEndsAtMs: identity.endsAtMs,
    nkey: request.nkey,
    machineId: checkedFact('join host', 'machine id', request.machineId),
    revokedAtMs: 0,
    agentVersion: checkedFact('join host', 'version', request.agentVersion),
  };
  const before = store.host(host.name);
  await store.joinHost(invitation.id, host);
  await record(context, { kind: 'identity.joined', host: host.name, message: joined(host, before) });
  context.changed({ host: host.name, ended: before === undefined ? [] : [before.identityId] });
  return { host, chain: identity.chain };
}

function checkNkey({ store }: EnrolmentContext, request: JoinRequest, host: string): void {
  const digest = createHash('sha256').update(request.csr).digest();
  const refuse = (what: string) =>
    new MooringError(
      'INVALID_ARGUMENT',
      `Cannot join host ${host}: ${what}; a fresh nkey with proof of possession is wanted`,
    );
  if (!verifyNkey(request.nkey, digest, request.nkeySignature))
    throw refuse('its nkey did not sign its certificate request');
  // Two accounts with one user would be a configuration that the broker refuses whole.
  if (store.hosts().some(({ nkey }) => nkey === request.nkey)) throw refuse('its nkey belongs to a host already');
}

function joined(host: HostRecord, before: HostRecord | undefined): string {
  return before === undefined
    ? `Host ${host.name} joined`
    : `Host ${host.name} joined with a new identity; the old one ended`;
}

/** Waits until the broker knows the host's account; when it does not in time, an event says so and the host works over gRPC. */
export async function awaitBroker(context: EnrolmentContext, host: HostRecord): Promise<void> {
  try {
    await within(REGISTER_DEADLINE_MS, context.registered(host));
  } catch (error) {
    // The identity is stored and its token used up: the host is in, and reaches the hub over gRPC until the broker follows.
    context.onError(error);
    await record(context, {
      kind: 'identity.broker-pending',
      severity: Severity.SEVERITY_WARNING,
      host: host.name,
      message: `The broker does not know host ${host.name} yet; it works over gRPC until then`,
    });
  }
}

async function recordRefusal(
  context: EnrolmentContext,
  gate: RefusalGate,
  { error, request, from }: { readonly error: unknown; readonly request: JoinRequest; readonly from: string },
): Promise<void> {
  if (!(error instanceof MooringError)) return;
  const reused = error.code === 'TOKEN_USED';
  const kind = reused ? 'join.token-reused' : 'join.refused';
  const invitation: InvitationRecord | undefined = context.store.invitation(request.tokenId);
  // The name is told only where the caller knew the token; a wrong secret must not write events about other hosts.
  const host = error.code === 'TOKEN_UNKNOWN' ? '' : (invitation?.host ?? '');
  const untold = gate.pass(`${kind} ${error.code} ${host}`, context.clock());
  if (untold === undefined) return;
  const more = untold === 0 ? '' : `, and ${untold} more since the last such event`;
  await record(context, {
    kind,
    severity: reused || error.code === 'TOKEN_UNKNOWN' ? Severity.SEVERITY_SECURITY : Severity.SEVERITY_WARNING,
    host,
    code: error.code,
    message: `A join from ${from} was refused (${error.code})${more}`,
  });
}
