import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** Ports that the fleet's hosts and people connect to. */
export interface FleetPorts {
  /** AgentService, FleetService, AdminService; mTLS. */
  readonly grpc: number;
  /** EnrolService; TLS without client certificate. */
  readonly join: number;
  /** The default broker. */
  readonly nats: number;
}

/** A fleet as its folder holds it. */
export interface Fleet {
  /** UUIDv7. */
  readonly id: string;
  readonly name: string;
  /** Names and IP addresses of the hub, without port, the best first. */
  readonly addresses: readonly string[];
  readonly ports: FleetPorts;
  readonly caCertificatePem: string;
  readonly caCertificateDer: Uint8Array;
  readonly caKey: KeyObject;
  /** Public root key, DER SubjectPublicKeyInfo. The private one is not needed to run and may be elsewhere. */
  readonly rootKeySpki: Uint8Array;
  readonly serverCertificatePem: string;
  readonly serverKeyPem: string;
  /** Private Ed25519 key that signs assignments. */
  readonly assignmentKey: KeyObject;
  /** 32 bytes: seals objects. */
  readonly objectSecret: Uint8Array;
  /** 32 bytes: every host's data key comes from it. */
  readonly dataSecret: Uint8Array;
  /** Seed ("SU…") of the hub's own user on the broker. */
  readonly hubNkeySeed: string;
  /** Trust file: DSSE envelope, JSON. */
  readonly trustEnvelope: Uint8Array;
}

/** Bytes of secrets and data keys: AES-256. */
export const SECRET_BYTES = 32;

/** A host's own key: what is sealed under it, only that identity reads. 32 bytes. */
export function dataKeyOf(fleet: Pick<Fleet, 'dataSecret'>, identityId: string): Uint8Array {
  const secret = createSecretKey(fleet.dataSecret);
  return new Uint8Array(hkdfSync('sha256', secret, identityId, 'mooring.v1.data-key', SECRET_BYTES));
}

/** "host:port" of each address, IPv6 in brackets. */
export function endpointsOf(addresses: readonly string[], port: number): readonly string[] {
  return addresses.map((address) => (isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`));
}

/** SPIFFE id of the hub; those of hosts and users end in /agent/<host> and /user/<name>. */
export function hubUri(fleetId: string): string {
  return `spiffe://${fleetId}/hub`;
}
