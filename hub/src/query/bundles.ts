import { Bundle, type GetBundleResponse, MooringError } from '@mooring/proto';
import type { ObjectRecord, Store } from '../store/store.ts';
import type { QueryParts } from './parts.ts';

/** Enough hex digits to mean one bundle. */
const DIGEST_PREFIX = /^(?:sha256:)?([0-9a-f]{12,64})$/;
/** Hosts that are named. */
const MAX_HOSTS = 100;

/** A bundle by its name, its plain digest, or the beginning of either. Throws INVALID_ARGUMENT or NOT_FOUND. */
export function getBundle({ store, openObject }: QueryParts, digest: string): GetBundleResponse {
  const record = findBundle(store, digest);
  return {
    object: record.object,
    plainDigest: record.plainDigest,
    bundle: Bundle.decode(openObject(record)),
    hosts: [...store.hostsOfObject(record.object, MAX_HOSTS)],
  };
}

function findBundle(store: Store, digest: string): ObjectRecord {
  const prefix = DIGEST_PREFIX.exec(digest.toLowerCase())?.[1];
  if (prefix === undefined) {
    throw refusal('INVALID_ARGUMENT', 'its digest is none; at least 12 hex digits are wanted');
  }
  const [first, second] = store.findBundles(prefix);
  if (first === undefined)
    throw refusal('NOT_FOUND', 'none with that digest is stored; one that an assignment names is wanted');
  if (second !== undefined)
    throw refusal('INVALID_ARGUMENT', 'several begin with those digits; more of them are wanted');
  return first;
}

function refusal(code: 'INVALID_ARGUMENT' | 'NOT_FOUND', reason: string): MooringError {
  return new MooringError(code, `Cannot find the bundle: ${reason}`, {
    hint: '`mooring host HOST -o json` names the bundles.',
  });
}
