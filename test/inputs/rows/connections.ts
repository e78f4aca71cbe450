import { once } from 'node:events';
import { connect as connectNet } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { FetchAssignmentRequest } from '@mooring/proto';
import { eventually } from '../../support/eventually.ts';
import { finish } from '../../support/run.ts';
import { commandAnswer } from '../answer.ts';
import { type CertificateWish, type Credentials, Issuer, writeContextFile } from '../certificates.ts';
import { MOORING, type Place } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';
import { framed, Wire } from '../wire.ts';

/** Milliseconds within which a connection that is not ours is closed: the hub's own deadline, and a machine that is busy with others. */
const CLOSED_WITHIN_MS = 10_000;
/** Connections of one certificate at once. */
const MAX_OPEN = 32;
const FETCH = 'mooring.v1.AgentService/FetchAssignment';
const NOTHING = framed(FetchAssignmentRequest.encode({}).finish());

/** Rows 57 to 60, 66 to 68 and 116: who connects to the hub's port, and how. */
export function connectionRows(place: Place): Group {
  const { grpc } = place.ports;
  const agent = () => place.credentials('web-1');
  const raw = (title: string, bytes: Buffer, options: { tls?: string } = {}): Row => ({
    ...titled(title),
    wanted: /^closed/,
    give: () => closedAfter(place, bytes, options.tls),
  });
  return {
    name: 'Connections',
    takers: [place.hubTaker],
    // What was closed a moment ago still counts for a moment.
    good: () =>
      eventually('a good call is answered', async () => {
        const wire = Wire.tls(grpc, agent());
        const answer = await wire.call({ method: FETCH, body: [NOTHING] });
        wire.close();
        if (!answer.startsWith('grpc-status 0 ')) throw new Error(`it ends with ${answer}`);
      }),
    rows: [
      raw('57: HTTP/2 without TLS', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')),
      raw('57: HTTP/1.1 without TLS', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')),
      raw('57: random bytes', Buffer.from('00112233445566778899aabbccddeeff'.repeat(64), 'hex')),
      raw('57: nothing at all', Buffer.of()),
      raw('57: TLS 1.1', Buffer.of(), { tls: 'TLSv1.1' }),
      raw('57: TLS 1.2', Buffer.of(), { tls: 'TLSv1.2' }),
      logged(place),
      ...certificateRows(place),
      {
        number: 59,
        input: 'the certificate of a host that was revoked',
        wanted: /^grpc-status 7 AGENT_REVOKED: /,
        give: async () => {
          await place.join('web-3');
          const revoked = await place.mooring('revoke', 'web-3', '-y');
          if (revoked.code !== 0) throw new Error(revoked.stderr);
          const wire = Wire.tls(grpc, place.credentials('web-3'));
          const answer = await wire.call({ method: FETCH, body: [NOTHING] });
          wire.close();
          return answer;
        },
      },
      {
        number: 66,
        input: 'half a message, and then silence',
        wanted: /^grpc-status (3|4|13|1) .* after (1\d|2\d) s$|^stream closed.* after (1\d|2\d) s$/,
        give: async () => {
          const wire = Wire.tls(grpc, agent());
          const begun = performance.now();
          const answer = await wire.call({ method: FETCH, body: [Buffer.of(0, 0, 0, 1, 0, 1)], end: false });
          wire.close();
          return `${answer} after ${Math.round((performance.now() - begun) / 1000)} s`;
        },
      },
      {
        number: 67,
        input: '10,000 streams on one connection',
        wanted: /^at most 32 streams at once/,
        give: () => manyStreams(place),
      },
      {
        number: 67,
        input: '1,000 connections of one host',
        wanted: /^at most 32 connections stay open$/,
        give: () => manyConnections(place),
      },
      {
        number: 68,
        input: 'a flood of PINGs',
        wanted: /^closed$/,
        give: () => pings(place),
      },
    ],
  };
}

async function closedAfter({ ports, data }: Place, bytes: Buffer, tls?: string): Promise<string> {
  const target = { host: '127.0.0.1', port: ports.grpc };
  const version = tls as 'TLSv1.1' | 'TLSv1.2' | undefined;
  const socket =
    version === undefined
      ? connectNet(target)
      : connectTls({
          ...target,
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT@SECLEVEL=0',
          rejectUnauthorized: false,
          servername: data,
        });
  let reason = '';
  socket.on('error', (error) => {
    reason = ` (${error.message})`;
  });
  socket.resume();
  const begun = performance.now();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  if (bytes.byteLength > 0) socket.write(bytes);
  const timer = setTimeout(() => {
    reason = ' not by the hub';
    socket.destroy();
  }, CLOSED_WITHIN_MS);
  await closed;
  clearTimeout(timer);
  const tookMs = performance.now() - begun;
  return tookMs < CLOSED_WITHIN_MS ? `closed${reason}` : `open for ${Math.round(tookMs)} ms`;
}

/** The same address knocks a hundred times: the log stays readable. */
function logged(place: Place): Row {
  return {
    number: 57,
    input: 'a hundred connections that are not ours',
    wanted: /^the log has [0-2] more lines, and has some$/,
    give: async () => {
      const before = lines(place);
      await Promise.all(Array.from({ length: 100 }, () => closedAfter(place, Buffer.from('GET / HTTP/1.1\r\n\r\n'))));
      const after = lines(place);
      return `the log has ${after - before} more lines, and has ${after > 0 ? 'some' : 'none'}`;
    },
  };
}

function lines({ hub }: Place): number {
  return hub.output.split('\n').filter((line) => line.includes('TLS connection refused')).length;
}

function certificateRows(place: Place): Row[] {
  const keys = join(place.data, 'keys');
  const issuer = new Issuer(place.scratch('issuer'), { cert: join(keys, 'ca.crt'), key: join(keys, 'ca.key') });
  const stranger = Issuer.stranger(place.scratch('stranger'));
  const uri = (kind: string) => `URI:spiffe://${place.fleetId}/${kind}`;
  const client = 'extendedKeyUsage=clientAuth';
  const named = `subjectAltName=${uri('agent/web-1')}`;
  const user = `subjectAltName=${uri('user/alice')}`;
  const row = (title: string, make: () => Credentials | undefined, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: () => called(place, make()),
  });
  const wish =
    (extensions: readonly string[], dates: Partial<CertificateWish> = {}) =>
    () =>
      issuer.issue({ extensions, ...dates });
  // The hub says why, and the client shows it.
  const NAMELESS = /^hub: grpc-status 16 UNAUTHENTICATED: .*; client: exit 5: UNAUTHENTICATED: .*names no host or user/;
  const REFUSED = '(connection closed|stream closed|grpc-status (16|7)|grpc-status 9 HOST_FORGOTTEN)';
  return [
    row('58: no certificate', () => undefined, new RegExp(`^hub: ${REFUSED}`)),
    row(
      '58: a certificate of another authority',
      () => stranger.issue({ extensions: [client, named] }),
      new RegExp(`^hub: ${REFUSED}.*; client: exit 5: CERT_MISMATCH: .*another authority`),
    ),
    row(
      '58: one that has expired',
      wish([client, user], { from: -10, to: -1 }),
      new RegExp(`^hub: ${REFUSED}.*; client: exit 5: CERT_EXPIRED: `),
    ),
    row(
      '58: one that is not yet valid',
      wish([client, user], { from: 2, to: 10 }),
      new RegExp(`^hub: ${REFUSED}.*; client: exit 5: CERT_NOT_YET_VALID: `),
    ),
    row(
      '58: one for servers',
      wish(['extendedKeyUsage=serverAuth', user]),
      new RegExp(`^hub: ${REFUSED}.*; client: exit 5: CERT_MISMATCH: .*not for clients`),
    ),
    row(
      '58: one of an authority',
      wish([client, named, 'basicConstraints=critical,CA:TRUE']),
      new RegExp(`^hub: ${REFUSED}.*; client: exit 5: CERT_MISMATCH: .*not for clients`),
    ),
    row('58: one without a name', wish([client]), NAMELESS),
    row(
      '58: one with two names',
      wish([client, `subjectAltName=${uri('agent/web-1')},${uri('user/alice')}`]),
      NAMELESS,
    ),
    row(
      '58: one that names a host and was never issued',
      wish([client, named]),
      /^hub: grpc-status 9 HOST_FORGOTTEN: .*; client: exit 1: HOST_FORGOTTEN: .*mooring/,
    ),
    row('58: one that names the hub', wish([client, `subjectAltName=${uri('hub')}`]), NAMELESS),
    row(
      '116: one with a critical extension that nobody knows',
      wish([client, named, '1.2.3.4.5=critical,ASN1:UTF8String:x']),
      new RegExp(`^hub: ${REFUSED}.*; client: exit 4: HUB_UNREACHABLE: .*does not know your certificate`),
    ),
  ];
}

/** What the hub says to who does not check, and what the CLI says before it asks. */
async function called(place: Place, credentials: Credentials | undefined): Promise<string> {
  const wire = Wire.tls(place.ports.grpc, { ca: place.credentials('web-1').ca, ...credentials });
  const hub = await wire.call({ method: FETCH, body: [NOTHING] });
  wire.close();
  if (credentials === undefined) return `hub: ${hub}`;
  const file = writeContextFile(join(place.scratch('contexts'), 'context.json'), {
    address: `127.0.0.1:${place.ports.grpc}`,
    ca: place.credentials('web-1').ca,
    certificate: credentials.cert,
    key: credentials.key,
  });
  const client = await finish(process.execPath, [MOORING, '--context', file, 'status']);
  return `hub: ${hub}; client: ${commandAnswer(client)}`;
}

/** The hub says how many streams it takes; whoever opens more than that has them refused. */
async function manyStreams(place: Place): Promise<string> {
  const wire = Wire.tls(place.ports.grpc, place.credentials('web-1'));
  const [settings] = await once(wire.session, 'remoteSettings');
  const limit: number = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
  const calls = Array.from({ length: 10_000 }, () =>
    wire.call({ method: 'mooring.v1.AgentService/Connect', end: false }),
  );
  const first = await Promise.any(calls);
  wire.close();
  await Promise.all(calls);
  return `at most ${limit} streams at once; the first of the others: ${first}`;
}

async function manyConnections(place: Place): Promise<string> {
  const { cert, key, ca } = place.credentials('web-1');
  const sockets = Array.from({ length: 1000 }, () => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: place.ports.grpc,
      cert,
      key,
      ca,
      ALPNProtocols: ['h2'],
      servername: 'hub',
      checkServerIdentity: () => undefined,
    });
    socket.on('error', () => undefined);
    return socket.resume();
  });
  const open = () => sockets.filter((socket) => !socket.destroyed).length;
  try {
    // One that breaks before it is in is as good as closed.
    await Promise.all(sockets.map((socket) => Promise.race([secured(socket), closeOf(socket)])));
    // TLS 1.3 tells a client that it is in before the server has decided.
    return await eventually('the hub closes most of them', () => {
      if (open() > MAX_OPEN) throw new Error(`${open()} are open`);
      return `at most ${MAX_OPEN} connections stay open`;
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function pings(place: Place): Promise<string> {
  const wire = Wire.tls(place.ports.grpc, place.credentials('web-1'));
  await once(wire.session, 'remoteSettings');
  const flood = setInterval(() => {
    for (let count = 0; count < 20 && !wire.session.destroyed; count += 1) wire.session.ping(() => undefined);
  }, 1);
  try {
    await wire.closed();
    return 'closed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    clearInterval(flood);
    wire.close();
  }
}

function secured(socket: { once(event: 'secureConnect', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => socket.once('secureConnect', () => resolve()));
}

function closeOf(socket: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
