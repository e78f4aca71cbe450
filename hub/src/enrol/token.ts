import { createHash, timingSafeEqual } from 'node:crypto';
import { MooringError } from '@mooring/proto';
import type { InvitationRecord } from '../store/store.ts';

const HINT = 'Ask for a new join string: mooring invite HOST';

/**
 * Checks a token against its invitation: unknown and wrong are told apart neither by answer nor by time. Throws TOKEN_UNKNOWN, TOKEN_USED or
 * TOKEN_EXPIRED. Whether it is still unused is decided again by the store, in the transaction that uses it up.
 */
export function checkToken(
  invitation: InvitationRecord | undefined,
  secret: Uint8Array,
  nowMs: number,
): InvitationRecord {
  const given = createHash('sha256').update(secret).digest();
  const wanted = invitation === undefined ? Buffer.alloc(given.byteLength) : Buffer.from(invitation.secretHash, 'hex');
  const equal = wanted.byteLength === given.byteLength && timingSafeEqual(wanted, given);
  if (!equal || invitation === undefined) {
    throw new MooringError(
      'TOKEN_UNKNOWN',
      'Cannot join host: its token is not one of this hub; a fresh join string is wanted',
      {
        hint: HINT,
      },
    );
  }
  if (invitation.usedAtMs !== 0) throw tokenUsed(invitation.host);
  if (nowMs >= invitation.expiresAtMs) {
    const ago = Math.ceil((nowMs - invitation.expiresAtMs) / 1000);
    throw new MooringError(
      'TOKEN_EXPIRED',
      `Cannot join host ${invitation.host}: its token expired ${ago} s ago; a fresh join string is wanted`,
      {
        hint: HINT,
      },
    );
  }
  return invitation;
}

/** Somebody comes with a token that was used. */
export function tokenUsed(host: string): MooringError {
  return new MooringError(
    'TOKEN_USED',
    `Cannot join host ${host}: its token was used already; a fresh join string is wanted`,
    {
      hint: `${HINT}. If you did not join that host yourself, revoke it.`,
    },
  );
}
