import { MooringError, Severity } from '@mooring/proto';
import { type EnrolmentContext, record } from './parts.ts';

/** Asks to end an identity. */
export interface RevokeOptions {
  readonly name: string;
  /** True: a user; false: a host. */
  readonly user: boolean;
  readonly reason: string;
  readonly actor: string;
}

/** Characters of a reason. */
const MAX_REASON_CHARACTERS = 500;

/** Ends the identity of a host or user; ending it twice changes nothing. Throws HOST_UNKNOWN, NOT_FOUND or INVALID_ARGUMENT. */
export async function revoke(context: EnrolmentContext, options: RevokeOptions): Promise<void> {
  if (options.reason.length > MAX_REASON_CHARACTERS) {
    throw new MooringError(
      'INVALID_ARGUMENT',
      `Cannot revoke ${options.name}: the reason is too long; at most ${MAX_REASON_CHARACTERS} characters are wanted`,
    );
  }
  const ended = options.user ? await revokeUser(context, options.name) : await revokeHost(context, options.name);
  if (ended === undefined) return;
  const why = options.reason === '' ? '' : `: ${options.reason}`;
  await record(context, {
    kind: options.user ? 'user.revoked' : 'identity.revoked',
    severity: Severity.SEVERITY_WARNING,
    host: options.user ? '' : options.name,
    message: `${options.actor} revoked ${options.user ? 'user' : 'host'} ${options.name}${why}`,
  });
}

/** Takes a host out of the fleet, and every view of it. Throws HOST_UNKNOWN. */
export async function removeHost(
  context: EnrolmentContext,
  options: { readonly host: string; readonly actor: string },
): Promise<void> {
  const { host, actor } = options;
  const { identityId } = hostOf(context, host);
  await context.store.removeHost(host);
  context.changed({ host, ended: [identityId] });
  await record(context, { kind: 'identity.removed', host, message: removed(host, actor) });
}

async function revokeHost(context: EnrolmentContext, name: string): Promise<string | undefined> {
  const host = hostOf(context, name);
  if (host.revokedAtMs !== 0) return undefined;
  await context.store.updateHost(name, { revokedAtMs: context.clock(), nextSpkiHash: '' });
  context.changed({ host: name, ended: [host.identityId] });
  return host.identityId;
}

async function revokeUser(context: EnrolmentContext, name: string): Promise<string | undefined> {
  const user = context.store.user(name);
  if (user === undefined) {
    throw new MooringError(
      'NOT_FOUND',
      `Cannot revoke user ${name}: nobody has that name; a user of "mooring user list" is wanted`,
    );
  }
  if (user.revokedAtMs !== 0) return undefined;
  await context.store.putUser({ ...user, revokedAtMs: context.clock() });
  context.changed({ ended: [user.identityId] });
  return user.identityId;
}

function hostOf(context: EnrolmentContext, name: string) {
  const host = context.store.host(name);
  if (host !== undefined) return host;
  throw new MooringError(
    'HOST_UNKNOWN',
    `Cannot find host ${name}: it is not in the fleet; a host of "mooring hosts" is wanted`,
  );
}

function removed(host: string, actor: string): string {
  return actor === host ? `Host ${host} left the fleet` : `${actor} took host ${host} out of the fleet`;
}
