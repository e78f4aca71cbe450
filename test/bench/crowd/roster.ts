import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
  createStore,
  type Fleet,
  hostUri,
  initFleet,
  issueIdentity,
  newNkeySeed,
  nkeyOfSeed,
  openStore,
  type Store,
} from '@mooring/hub';
import { freePort } from '../../support/free-port.ts';
import { storeJoinedHost } from '../../support/joined-host.ts';

// Certificates that are made side by side: the library signs on Node's thread pool.
const AT_A_TIME = 16;

/** What one simulated agent proves itself with. */
export interface RosterHost {
  readonly name: string;
  /** PEM texts. */
  readonly cert: string;
  readonly key: string;
  /** Of its own user on the broker. */
  readonly nkeySeed: string;
}

/** A fleet of hosts that joined, as its agents know it. Everything in it is text, so that it can go to another process. */
export interface Roster {
  readonly fleetId: string;
  readonly ca: string;
  /** Trust file and the root key that signed it, base64. */
  readonly trust: string;
  readonly rootKey: string;
  readonly hubAddress: string;
  readonly brokerUrl: string;
  readonly hosts: readonly RosterHost[];
}

/**
 * Makes a fleet in `data` whose hub stands at 127.0.0.1, and joins `count` hosts to it: keys and certificates are real and issued by the hub's own
 * authority; only the way through the join port, which lets one host a second in from one address, is left out.
 */
export async function makeRoster(data: string, count: number): Promise<Roster> {
  const ports = { grpc: await freePort(), join: await freePort(), nats: await freePort() };
  const fleet = await initFleet({ data, name: 'crowd', addresses: ['127.0.0.1'], ports, clock: Date.now });
  const file = join(data, 'hub.db');
  createStore({ file, fleetId: fleet.id });
  const store = await openStore({ file, fleetId: fleet.id, clock: Date.now });
  try {
    const names = Array.from({ length: count }, (_, index) => `crowd-${index + 1}`);
    const hosts: RosterHost[] = [];
    for (let start = 0; start < count; start += AT_A_TIME)
      hosts.push(
        ...(await Promise.all(names.slice(start, start + AT_A_TIME).map((name) => joined(fleet, store, name)))),
      );
    return {
      fleetId: fleet.id,
      ca: fleet.caCertificatePem,
      trust: Buffer.from(fleet.trustEnvelope).toString('base64'),
      rootKey: Buffer.from(fleet.rootKeySpki).toString('base64'),
      hubAddress: `127.0.0.1:${ports.grpc}`,
      brokerUrl: `tls://127.0.0.1:${ports.nats}`,
      hosts,
    };
  } finally {
    await store.close();
  }
}

async function joined(fleet: Fleet, store: Store, name: string): Promise<RosterHost> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const identity = await issueIdentity(fleet, spki, { uri: hostUri(fleet.id, name), nowMs: Date.now() });
  const nkeySeed = newNkeySeed();
  await storeJoinedHost(store, {
    name,
    labels: { role: 'crowd' },
    spkiHash: identity.spkiHash,
    nkey: nkeyOfSeed(nkeySeed),
  });
  return {
    name,
    cert: identity.chain.map((der) => new X509Certificate(der).toString()).join(''),
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    nkeySeed,
  };
}
