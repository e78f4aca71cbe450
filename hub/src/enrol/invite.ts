import { createHash, randomBytes, randomUUIDv7 } from 'node:crypto';
import { encodeJoinString, HOST_NAME_GRAMMAR, isHostName, type Label, MooringError } from '@mooring/proto';
import { isLabelKey, isLabelValue } from '../render/selector.ts';
import { type EnrolmentContext, record } from './parts.ts';

/** Seconds that a join string is good for unless said otherwise: one sitting. */
const DEFAULT_TTL_SECONDS = 3600;
/** Seconds: enough to paste it. */
const MIN_TTL_SECONDS = 60;
/** Seconds: a week, for a machine that is still to be delivered. */
const MAX_TTL_SECONDS = 604_800;
/** Labels of one host. */
const MAX_LABELS = 64;
/** Bytes of a token's secret: too many to guess, so a plain hash of it is enough. */
const TOKEN_BYTES = 32;

/** Asks for a join string. */
export interface InviteOptions {
  readonly host: string;
  readonly labels: readonly Label[];
  /** 0: the default. */
  readonly ttlSeconds: number;
  readonly replace: boolean;
  /** Who asks. */
  readonly actor: string;
}

/** Makes a single-use join string bound to one host name. Throws NAME_INVALID, INVALID_ARGUMENT or HOST_EXISTS. */
export async function invite(
  context: EnrolmentContext,
  { host, labels, ttlSeconds, replace, actor }: InviteOptions,
): Promise<{ readonly joinString: string; readonly expiresAtMs: number }> {
  if (!isHostName(host)) {
    throw new MooringError(
      'NAME_INVALID',
      `Cannot invite host "${host}": its name is no label; ${HOST_NAME_GRAMMAR} is wanted`,
    );
  }
  const seconds = ttlSeconds === 0 ? DEFAULT_TTL_SECONDS : ttlSeconds;
  if (seconds < MIN_TTL_SECONDS || seconds > MAX_TTL_SECONDS) {
    throw new MooringError(
      'INVALID_ARGUMENT',
      `Cannot invite host ${host}: its join string would live ${seconds} s; ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} s is wanted`,
    );
  }
  const present = context.store.host(host);
  if (present !== undefined && present.revokedAtMs === 0 && !replace) {
    throw new MooringError(
      'HOST_EXISTS',
      `Cannot invite host ${host}: a host of that name is in the fleet; a new name is wanted`,
      {
        hint: `To give that machine a new identity: mooring invite ${host} --replace`,
      },
    );
  }
  const id = randomUUIDv7();
  const secret = randomBytes(TOKEN_BYTES);
  const expiresAtMs = context.clock() + seconds * 1000;
  await context.store.addInvitation({
    id,
    secretHash: createHash('sha256').update(secret).digest('hex'),
    host,
    // A host that gets a new identity keeps its labels unless new ones are given.
    labels: labels.length === 0 ? (present?.labels ?? {}) : checkedLabels(`invite host ${host}`, labels),
    expiresAtMs,
    usedAtMs: 0,
    replace,
  });
  await record(context, { kind: 'identity.invited', host, message: `${actor} invited host ${host}` });
  const { fleet } = context;
  const joinString = encodeJoinString({
    fleetId: fleet.id,
    fleetName: fleet.name,
    addresses: context.endpoints().join,
    caCertificate: fleet.caCertificateDer,
    rootKey: fleet.rootKeySpki,
    tokenId: id,
    tokenSecret: secret,
    host,
    expiresAtMs,
  });
  return { joinString, expiresAtMs };
}

/** Labels as they are stored, each checked. `action` says what fails without them. Throws INVALID_ARGUMENT. */
export function checkedLabels(action: string, labels: readonly Label[]): Record<string, string> {
  const refuse = (what: string) =>
    new MooringError('INVALID_ARGUMENT', `Cannot ${action}: ${what}; labels like role=web, each once, are wanted`);
  if (labels.length > MAX_LABELS) throw refuse(`it has ${labels.length} labels, more than ${MAX_LABELS}`);
  const result: Record<string, string> = {};
  for (const { name, value } of labels) {
    if (!isLabelKey(name) || !isLabelValue(value)) throw refuse(`"${name}=${value}" is no label`);
    if (Object.hasOwn(result, name)) throw refuse(`label "${name}" is given twice`);
    result[name] = value;
  }
  return result;
}
