import 'reflect-metadata';
import { generateKeyPairSync, type KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import {
  EnrolServiceService,
  encodeJoinString,
  type JoinRequest,
  type JoinResponse,
  keyIdOf,
  PAYLOAD_TYPES,
  signEnvelope,
  Trust,
} from '@mooring/proto';
import * as x509 from '@peculiar/x509';

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** The smallest hub that can be joined: an authority, a root key, and a join port. A test may spoil its answers. */
export interface FakeHub {
  readonly fleetId: string;
  readonly requests: JoinRequest[];
  /** What the next answers are changed into. */
  spoil: (response: JoinResponse) => JoinResponse;
  /** A folder for an agent, gone with the hub. */
  readonly data: string;
  joinString(host: string, change?: { fleetId?: string; caCertificate?: Uint8Array; rootKey?: Uint8Array }): string;
  issue(csr: Uint8Array, uri: string, days?: number): Promise<Buffer>;
  trust(change?: Partial<Trust>, key?: KeyObject): Buffer;
  close(): void;
}

export async function startFakeHub(): Promise<FakeHub> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-join-'));
  const fleetId = '0193f1f0-0000-7000-8000-000000000001';
  const root = generateKeyPairSync('ed25519');
  const assignment = generateKeyPairSync('ed25519');
  const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const notAfter = new Date(Date.now() + DAY_MS);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=fleet',
    keys,
    signingAlgorithm: ECDSA,
    notAfter,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const caCertificate = Buffer.from(authority.rawData);

  const leaf = async (publicKey: x509.PublicKeyType, names: x509.JsonGeneralName[], days: number) => {
    const certificate = await x509.X509CertificateGenerator.create({
      subject: 'CN=leaf',
      issuer: authority.subjectName,
      publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ECDSA,
      notBefore: new Date(Date.now() - 2 * DAY_MS),
      notAfter: new Date(Date.now() + days * DAY_MS),
      extensions: [new x509.SubjectAlternativeNameExtension(names)],
    });
    return Buffer.from(certificate.rawData);
  };

  const hub: FakeHub = {
    fleetId,
    requests: [],
    spoil: (response) => response,
    data: join(folder, 'agent'),
    joinString: (host, change = {}) =>
      encodeJoinString({
        fleetId,
        fleetName: 'home',
        addresses: [`127.0.0.1:${port}`],
        caCertificate,
        rootKey: spki(root.publicKey),
        tokenId: 'token',
        tokenSecret: randomBytes(32),
        host,
        expiresAtMs: Date.now() + DAY_MS,
        ...change,
      }),
    issue: (csr, uri, days = 90) =>
      leaf(new x509.Pkcs10CertificateRequest(Buffer.from(csr)).publicKey, [{ type: 'url', value: uri }], days),
    trust(change = {}, key = root.privateKey) {
      const named = (publicKey: KeyObject) => ({ keyId: keyIdOf(publicKey), spki: spki(publicKey) });
      const trust: Trust = {
        fleetId,
        version: 1n,
        rootKeys: [named(root.publicKey)],
        assignmentKeys: [named(assignment.publicKey)],
        caCertificates: [caCertificate],
        issuedAtMs: 0n,
        ...change,
      };
      return Buffer.from(signEnvelope(PAYLOAD_TYPES.trust, Trust.encode(trust).finish(), key));
    },
    close() {
      server.forceShutdown();
      rmSync(folder, { recursive: true });
    },
  };

  const serverKeys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
  const certificate = await leaf(serverKeys.publicKey, [{ type: 'ip', value: '127.0.0.1' }], 1);
  const pem = (label: string, der: ArrayBuffer) => Buffer.from(x509.PemConverter.encode(der, label));
  const { server, port } = await serve(hub, {
    private_key: pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey)),
    cert_chain: pem('CERTIFICATE', new Uint8Array(certificate).buffer),
  });
  return hub;
}

async function serve(hub: FakeHub, pair: { private_key: Buffer; cert_chain: Buffer }) {
  const server = new Server();
  server.addService(EnrolServiceService, {
    join(call: ServerUnaryCall<JoinRequest, JoinResponse>, answer: sendUnaryData<JoinResponse>) {
      hub.requests.push(call.request);
      respond(hub, call.request).then((response) => answer(null, response), answer);
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  return { server, port: await promise };
}

async function respond(hub: FakeHub, request: JoinRequest): Promise<JoinResponse> {
  return hub.spoil({
    host: 'web-1',
    certificates: [await hub.issue(request.csr, `spiffe://${hub.fleetId}/agent/web-1`)],
    trust: hub.trust(),
    dataKey: randomBytes(32),
    natsUrls: ['tls://127.0.0.1:4222'],
    hubAddresses: ['127.0.0.1:7443'],
    identityId: '0193f1f0-0000-7000-8000-00000000abcd',
  });
}
