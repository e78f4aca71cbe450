import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJoinString, encodeJoinString, JoinRequest } from '@mooring/proto';
import { eventually } from '../../support/eventually.ts';
import { commandAnswer } from '../answer.ts';
import { certificateRequest, Issuer } from '../certificates.ts';
import { agentCommand, type Place } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';
import { framed, Wire } from '../wire.ts';

const JOIN = 'mooring.v1.EnrolService/Join';

/** Rows 113 to 115, 117 and 118: join strings, certificate requests, and the identity that an agent keeps. */
export function joinRows(place: Place): Group {
  let serial = 0;
  const fresh = () => {
    serial += 1;
    return `new-${serial}`;
  };
  const invited = async (): Promise<string> => await place.invite(fresh());
  const joined = (title: string, make: () => Promise<string>, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: async () => commandAnswer(await agentCommand(place.host(fresh()), 'join', await make())),
  });
  const edited = async (edit: (invitation: ReturnType<typeof decodeJoinString>) => object) => {
    const invitation = decodeJoinString(await invited());
    return encodeJoinString({ ...invitation, ...edit(invitation) });
  };
  const csr = sent(place, invited);
  return {
    name: 'Joining, and identities',
    takers: [place.hubTaker],
    good: async () => {
      await place.join(fresh());
      const { code, stderr } = await agentCommand(place.host('web-1'), 'doctor', '-o', 'json');
      // There is no engine here: of the checks, the identity is the one that counts.
      if (code > 1 || stderr !== '') throw new Error(`doctor ends with ${code}: ${stderr}`);
    },
    rows: [
      joined('113: a text that is no join string', async () => 'hello', /^exit 1: JOIN_FORMAT: .*mooring invite HOST/),
      joined(
        '113: a join string that was cut',
        async () => (await invited()).slice(0, -40),
        /^exit 1: JOIN_CHECKSUM: .*mooring invite HOST/,
      ),
      joined(
        '113: a join string of which one character was edited',
        async () => flipped(await invited()),
        /^exit 1: JOIN_CHECKSUM: /,
      ),
      joined(
        '113: a join string of 100 kB',
        async () => `${await invited()}${'A'.repeat(100_000)}`,
        /^exit 1: JOIN_FORMAT: /,
      ),
      joined(
        '113: a join string with the secret of another',
        async () => edited(() => ({ tokenSecret: Buffer.alloc(32, 1) })),
        /^exit 5: TOKEN_UNKNOWN: /,
      ),
      joined(
        '113: a join string whose fleet was edited',
        async () => edited(() => ({ fleetId: '00000000-0000-7000-8000-000000000000' })),
        /^exit \d: JOIN_FLEET: .*8000-000000000000 is wanted/,
      ),
      joined(
        '113: a join string of another fleet, with the address of this one',
        async () => edited(() => ({ caCertificate: strangeAuthority(place) })),
        /^exit \d: JOIN_FLEET: .*not the hub of this fleet.*another fleet/,
      ),
      used(place, fresh),
      expired(place, fresh),
      csr(
        'a key of RSA 1024',
        () => certificateRequest(place.scratch('rsa'), '-newkey', 'rsa:1024', '-subj', '/CN=x'),
        /^grpc-status 3 CSR_KEY: /,
      ),
      csr(
        'a key on another curve',
        () =>
          certificateRequest(
            place.scratch('p384'),
            '-newkey',
            'ec',
            '-pkeyopt',
            'ec_paramgen_curve:P-384',
            '-subj',
            '/CN=x',
          ),
        /^grpc-status 3 CSR_KEY: /,
      ),
      csr(
        'a signature that is broken',
        () =>
          spoiled(
            certificateRequest(
              place.scratch('p256'),
              '-newkey',
              'ec',
              '-pkeyopt',
              'ec_paramgen_curve:P-256',
              '-subj',
              '/CN=x',
            ),
          ),
        /^grpc-status 3 CSR_(SIGNATURE|FORMAT): /,
      ),
      csr('garbage', () => Buffer.alloc(500, 0x30), /^grpc-status 3 CSR_FORMAT: /),
      csr('12 kB', () => Buffer.alloc(12_000, 0x30), /^grpc-status 3 CSR_TOO_LARGE: /),
      csr('1 MB', () => Buffer.alloc(1_000_000, 0x30), /^grpc-status 8 /),
      ...identityRows(place),
    ],
  };
}

function strangeAuthority(place: Place): Uint8Array {
  const folder = place.scratch('another-authority');
  Issuer.stranger(folder);
  return new X509Certificate(readFileSync(join(folder, 'ca.crt'))).raw;
}

function used(place: Place, fresh: () => string): Row {
  return {
    number: 113,
    input: 'a join string that was used',
    wanted: /^exit 5: TOKEN_USED: /,
    give: async () => {
      const text = await place.invite(fresh());
      const first = await agentCommand(place.host(fresh()), 'join', text);
      if (first.code !== 0) throw new Error(first.stderr);
      return commandAnswer(await agentCommand(place.host(fresh()), 'join', text));
    },
  };
}

/** The hub's own clock decides, whatever the line says. */
function expired(place: Place, fresh: () => string): Row {
  // The shortest life there is: it ends while other rows are given.
  const invitedBefore = place.invite(fresh(), '--ttl', '60s');
  return {
    number: 113,
    input: 'a join string that has expired, with a later end written into it',
    wanted: /^exit 5: TOKEN_EXPIRED: /,
    give: async () => {
      const text = await invitedBefore;
      const invitation = decodeJoinString(text);
      const later = encodeJoinString({ ...invitation, expiresAtMs: invitation.expiresAtMs + 3_600_000 });
      await eventually(
        'its time is over',
        () => {
          if (Date.now() <= invitation.expiresAtMs) throw new Error('it is not');
        },
        70_000,
      );
      return commandAnswer(await agentCommand(place.host(fresh()), 'join', later));
    },
  };
}

/** Sends a certificate request over the join port. */
function sent(
  place: Place,
  invited: () => Promise<string>,
): (input: string, make: () => Buffer, wanted: RegExp) => Row {
  return (input, make, wanted) => ({
    number: 114,
    input: `a certificate request: ${input}`,
    wanted,
    give: async () => {
      const { tokenId, tokenSecret } = decodeJoinString(await invited());
      const request = JoinRequest.fromPartial({
        tokenId,
        tokenSecret: Buffer.from(tokenSecret),
        csr: make(),
        nkey: 'UA',
        machineId: 'm',
        agentVersion: '0',
      });
      const wire = Wire.tls(place.ports.join, { ca: place.credentials('web-1').ca });
      const answer = await wire.call({ method: JOIN, body: [framed(JoinRequest.encode(request).finish())] });
      wire.close();
      return answer;
    },
  });
}

/** What stands in the folder of an agent, as `doctor` and `run` read it. */
function identityRows(place: Place): Row[] {
  const keys = join(place.data, 'keys');
  let copies = 0;
  const row = (title: string, spoil: (folder: string) => void, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: async () => {
      copies += 1;
      const data = join(place.scratch('identities'), `copy-${copies}`);
      execFileSync('cp', ['--archive', place.host('web-2'), data]);
      spoil(data);
      return commandAnswer(await agentCommand(data, 'run'));
    },
  });
  const replace = (data: string, name: string, content: string | Uint8Array) => {
    const file = join(data, 'identity', name);
    chmodSync(file, 0o600);
    writeFileSync(file, content);
    chmodSync(file, 0o400);
  };
  const text = (data: string, name: string) => readFileSync(join(data, 'identity', name), 'utf8');
  const issuer = new Issuer(place.scratch('identity-issuer'), {
    cert: join(keys, 'ca.crt'),
    key: join(keys, 'ca.key'),
  });
  return [
    row(
      '117: an identity with a key that others can read',
      (data) => chmodSync(join(data, 'identity', 'tls.key'), 0o644),
      /^exit 1: KEY_PERMISSIONS: .*tls\.key.*chmod/,
    ),
    row(
      '117: an identity with a folder that others may enter',
      (data) => chmodSync(join(data, 'identity'), 0o755),
      /^exit 1: KEY_PERMISSIONS: /,
    ),
    row(
      '115: an identity with a certificate that is garbage',
      (data) => replace(data, 'tls.crt', 'garbage'),
      /^exit 5: CERT_FORMAT: /,
    ),
    row(
      '115: an identity with a key that is garbage',
      (data) => replace(data, 'tls.key', 'garbage'),
      /^exit 1: STATE_CORRUPT: .*tls\.key/,
    ),
    row(
      '115: an identity with half a document',
      (data) => replace(data, 'identity.json', text(data, 'identity.json').slice(0, 40)),
      /^exit 1: STATE_CORRUPT: .*identity\.json/,
    ),
    row(
      '118: an identity with a certificate for another key',
      (data) =>
        replace(
          data,
          'tls.crt',
          issuer.issue({
            extensions: ['extendedKeyUsage=clientAuth', `subjectAltName=URI:spiffe://${place.fleetId}/agent/web-2`],
          }).cert,
        ),
      /^exit 5: CERT_MISMATCH: /,
    ),
    row(
      '118: an identity with the certificate of another host',
      (data) => replace(data, 'tls.crt', place.credentials('web-1').cert),
      /^exit 5: CERT_MISMATCH: /,
    ),
    row(
      '118: an identity with the data key of another length',
      (data) => replace(data, 'data.key', Buffer.alloc(5)),
      /^exit 1: STATE_CORRUPT: .*data\.key/,
    ),
    row(
      '118: an identity with a trust file of which one bit flipped',
      (data) => {
        const file = join(data, 'trust.json');
        const trust = JSON.parse(readFileSync(file, 'utf8'));
        const payload = Buffer.from(trust.payload, 'base64');
        payload.writeUInt8(payload.readUInt8(5) ^ 1, 5);
        writeFileSync(file, JSON.stringify({ ...trust, payload: payload.toString('base64') }));
      },
      /^exit 1: TRUST_(SIGNATURE|FORMAT): /,
    ),
  ];
}

function flipped(text: string): string {
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`;
}

function spoiled(request: Buffer): Buffer {
  const at = request.length - 3;
  request.writeUInt8(request.readUInt8(at) ^ 0x55, at);
  return request;
}
