import type { TrustedKey } from '@mooring/proto';

/** Which keys the host trusts, as the fleet's root key signed it. */
export interface VerifiedTrust {
  readonly version: bigint;
  /** Keys that may sign assignments. */
  readonly assignmentKeys: readonly TrustedKey[];
  /** Certificate authorities of the fleet, DER. */
  readonly caCertificates: readonly Uint8Array[];
  /** The envelope as it stands on disk. */
  readonly envelope: Uint8Array;
}

/** Who this host is, as its own disk says. */
export interface Identity {
  readonly fleetId: string;
  readonly host: string;
  readonly identityId: string;
  /** PEM texts. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: string };
  readonly certificate: { readonly startsAtMs: number; readonly endsAtMs: number };
  /** Seed ("SU…") of the host's user on the broker. */
  readonly nkeySeed: string;
  /** 32 bytes: opens what is sealed for this host. */
  readonly dataKey: Uint8Array;
  /** Public root key, DER SubjectPublicKeyInfo, as the join string gave it. */
  readonly rootKey: Uint8Array;
  readonly trust: VerifiedTrust;
  /** "host:port" of AgentService. */
  readonly hubAddresses: readonly string[];
  /** "tls://host:port". */
  readonly natsUrls: readonly string[];
}

/** SPIFFE id of a host. */
export function hostUri(fleetId: string, host: string): string {
  return `spiffe://${fleetId}/agent/${host}`;
}
