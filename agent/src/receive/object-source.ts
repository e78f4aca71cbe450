import { digestOf, MAX_BROKER_OBJECT_BYTES, MooringError, Severity } from '@mooring/proto';
import type { Tell } from '../apply/ports.ts';
import type { ObjectSecret } from '../verify/open-material.ts';

/** Bytes that sealing adds to a content: the tag. */
const SEAL_BYTES = 16;

/** Where objects come from. */
export interface ObjectOrigins {
  /** Undefined: the broker does not hold it. */
  readonly broker: (object: ObjectSecret['object']) => Promise<Uint8Array | undefined>;
  /** Over the agent's own channel to the hub. */
  readonly hub: (object: ObjectSecret['object'], maxBytes: number) => Promise<Uint8Array>;
  readonly tell: Tell;
}

/** Fetches the sealed bytes of an object that is not on disk. */
export type FetchObject = (secret: ObjectSecret) => Promise<Uint8Array>;

/**
 * Fetches from the broker, and from the hub what the broker does not hold, is too large for it, or came with other bytes: those are told as a security
 * event. Throws OBJECT_DIGEST where only wrong bytes are to be had, OBJECT_MISSING where nobody has it now.
 */
export function objectSource({ broker, hub, tell }: ObjectOrigins): FetchObject {
  return async ({ object, plainSize }) => {
    const sealedSize = plainSize + SEAL_BYTES;
    const attempts: MooringError[] = [];
    const take = async (origin: string, fetch: () => Promise<Uint8Array | undefined>) => {
      try {
        const bytes = await fetch();
        if (bytes === undefined) return undefined;
        if (digestOf(bytes) === object) return bytes;
        const error = wrongBytes(object, origin);
        tell({
          kind: 'object.refused',
          severity: Severity.SEVERITY_SECURITY,
          message: error.message,
          code: error.code,
          object,
        });
        attempts.push(error);
      } catch (error) {
        if (!(error instanceof MooringError)) throw error;
        attempts.push(error);
      }
      return undefined;
    };
    const small = sealedSize <= MAX_BROKER_OBJECT_BYTES;
    const pushed = small ? await take('broker', () => broker(object)) : undefined;
    const bytes = pushed ?? (await take('hub', () => hub(object, sealedSize)));
    if (bytes !== undefined) return bytes;
    throw attempts.find(({ code }) => code === 'OBJECT_DIGEST') ?? missing(object, attempts);
  };
}

/** What is said where nobody may be asked. */
export const FROM_DISK_ALONE: FetchObject = ({ object }) => Promise.reject(missing(object, []));

function wrongBytes(object: string, origin: string): MooringError {
  const message = `Cannot take object ${object}: the ${origin} sent bytes with another digest; the published bytes are wanted`;
  return new MooringError('OBJECT_DIGEST', message);
}

function missing(object: string, attempts: readonly MooringError[]): MooringError {
  const why = attempts.map(({ message }) => message).join(' and ') || 'it is not on disk';
  return new MooringError('OBJECT_MISSING', `Cannot fetch object ${object}: ${why}; broker or hub with it is wanted`, {
    cause: attempts.at(-1),
  });
}
