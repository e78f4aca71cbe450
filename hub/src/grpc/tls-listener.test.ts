import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { issueServerCertificate } from '../enrol/server-certificate.ts';
import { type Credentials, type RunningHub, startRunningHub } from './running-hub.fake.ts';

let hub: RunningHub;
let agent: Credentials;
const sockets: TLSSocket[] = [];

beforeEach(async () => {
  hub = await startRunningHub();
  agent = await hub.agent('web-1');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await hub.close();
});

/** A connection as an agent makes it, and the certificate that it was shown. */
async function connected(address: string): Promise<{ readonly socket: TLSSocket; readonly shown: string | undefined }> {
  const [host, port] = address.split(':');
  const { cert, key } = agent;
  const ca = hub.fleet.caCertificatePem;
  const socket = connect({ host, port: Number(port), ca, cert, key, ALPNProtocols: ['h2'] });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return { socket, shown: socket.getPeerX509Certificate()?.fingerprint256 };
}

test('a new certificate is shown to new connections of both ports, and those that stand go on', async () => {
  const { fleet, servers, address, joinAddress } = hub;
  const before = await connected(address);
  const authority = { certificatePem: fleet.caCertificatePem, key: fleet.caKey };
  const parts = { fleetId: fleet.id, addresses: fleet.addresses, nowMs: Date.now() };
  const certificatePem = await issueServerCertificate(authority, createPrivateKey(fleet.serverKeyPem), parts);
  servers.prove({ certificatePem, keyPem: fleet.serverKeyPem });
  const { fingerprint256 } = new X509Certificate(certificatePem);
  expect(before.shown).not.toBe(fingerprint256);
  for (const place of [address, joinAddress]) expect((await connected(place)).shown).toBe(fingerprint256);
  expect(before.socket.destroyed).toBe(false);
});
