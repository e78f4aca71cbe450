import { randomUUIDv7 } from 'node:crypto';
import { HOST_NAME_GRAMMAR, isHostName, MooringError } from '@mooring/proto';
import type { UserRecord } from '../store/store.ts';
import { issueIdentity, USER_DAYS, userUri } from './identity-certificate.ts';
import { type EnrolmentContext, record } from './parts.ts';
import { readRequest } from './x509.ts';

/** Actors of events that are nobody's certificate. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['local', 'hub']);

/** Asks for a person's certificate. */
export interface AddUserOptions {
  readonly name: string;
  readonly role: UserRecord['role'];
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  /** Who asks. */
  readonly actor: string;
}

/** Issues a person's certificate for 30 days; again once it has ended or was revoked. Throws NAME_INVALID, USER_EXISTS or CSR_*. */
export async function addUser(
  context: EnrolmentContext,
  { name, role, csr, actor }: AddUserOptions,
): Promise<{ readonly certificates: Buffer[]; readonly expiresAtMs: number }> {
  const { fleet, store, clock } = context;
  if (!isHostName(name)) {
    throw new MooringError(
      'NAME_INVALID',
      `Cannot add user "${name}": the name is no label; ${HOST_NAME_GRAMMAR} is wanted`,
    );
  }
  if (RESERVED_NAMES.has(name)) {
    throw new MooringError(
      'NAME_INVALID',
      `Cannot add user ${name}: events call the hub itself so; another name is wanted`,
    );
  }
  const present = store.user(name);
  if (present !== undefined && present.revokedAtMs === 0 && present.expiresAtMs > clock()) {
    throw new MooringError(
      'USER_EXISTS',
      `Cannot add user ${name}: a certificate of that name is valid; a new name is wanted`,
      {
        hint: `To end it first: mooring revoke --user ${name}`,
      },
    );
  }
  const publicKey = await readRequest(csr);
  const identity = await issueIdentity(fleet, publicKey, {
    uri: userUri(fleet.id, name),
    nowMs: clock(),
    days: USER_DAYS,
  });
  await store.putUser({
    name,
    identityId: randomUUIDv7(),
    role,
    spkiHash: identity.spkiHash,
    createdAtMs: clock(),
    expiresAtMs: identity.endsAtMs,
    revokedAtMs: 0,
  });
  await record(context, { kind: 'user.added', message: `${actor} added user ${name} as ${role}` });
  context.changed({ ended: present === undefined ? [] : [present.identityId] });
  return { certificates: identity.chain, expiresAtMs: identity.endsAtMs };
}
