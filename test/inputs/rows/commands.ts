import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from '../../support/run.ts';
import { commandAnswer } from '../answer.ts';
import { Issuer } from '../certificates.ts';
import { agentCommand, MOORING, type Place } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';

/** Rows 90 to 96, and what of 105, 110 and 112 stands on a command line: what people type. */
export function commandRows(place: Place): Group {
  const typed = (number: number, args: readonly string[], wanted: RegExp): Row => ({
    number,
    input: `mooring ${args.join(' ')}`,
    wanted,
    give: async () => commandAnswer(await place.mooring(...args)),
  });
  const agent = (number: number, args: readonly [string, ...string[]], wanted: RegExp): Row => ({
    number,
    input: `mooring-agent ${args.join(' ')}`,
    wanted,
    give: async () => commandAnswer(await agentCommand(place.host('web-9'), ...args)),
  });
  return {
    name: 'Command lines',
    takers: [place.hubTaker],
    good: async () => {
      const { code, stderr } = await place.mooring('status');
      if (code !== 0) throw new Error(`status ends with ${code}: ${stderr}`);
    },
    rows: [
      typed(90, ['sttus'], /^exit 2: .*unknown command 'sttus'.*Did you mean status\?/),
      typed(90, ['status', '--exitcode'], /^exit 2: .*unknown option '--exitcode'.*Did you mean --exit-code\?/),
      typed(90, ['hosts', 'extra'], /^exit 2: .*too many arguments/),
      typed(90, ['host'], /^exit 2: .*missing required argument 'host'/),
      agent(90, ['stauts'], /^exit 2: .*unknown command 'stauts'.*Did you mean status\?/),
      typed(91, ['wait', '--timeout', '-1'], /^exit 2: .*--timeout.*30s, 5m or 1h/),
      typed(91, ['wait', '--timeout', 'abc'], /^exit 2: .*--timeout.*30s, 5m or 1h/),
      typed(91, ['wait', '--timeout', '1s', '--timeout', '2s'], /^exit 2: .*--timeout.*given twice/),
      typed(91, ['drift', '--stack', ''], /^exit 2: .*--stack.*empty/),
      typed(91, ['history', '--limit', '99999999'], /^exit 2: .*--limit.*1 to 1000/),
      typed(91, ['invite', 'Web_1'], /^exit \d: .*(NAME_INVALID|name)/),
      typed(92, ['host', 'zz-*'], /^exit 1: NOT_FOUND: .*mooring hosts/),
      typed(92, ['host', 'web-77'], /^exit 1: NOT_FOUND: .*web-77.*mooring hosts/),
      typed(92, ['revoke', 'web-77', '-y'], /^exit 1: HOST_UNKNOWN: .*web-77.*mooring hosts/),
      ...contextRows(place),
      typed(95, ['revoke', 'web-1'], /^exit 2: USAGE: .*no terminal.*-y/),
      {
        number: 95,
        input: 'a terminal of 20 columns without colours',
        wanted: /^exit 0, no colours$/,
        give: async () => {
          const env = { ...process.env, NO_COLOR: '1', COLUMNS: '20', TERM: 'xterm-256color' };
          const { code, stdout } = await finish(
            process.execPath,
            [MOORING, '--hub', `unix:${join(place.data, 'hub.sock')}`, 'status'],
            env,
          );
          return `exit ${code}, ${stdout.includes('\u001b') ? 'colours' : 'no colours'}`;
        },
      },
      {
        number: 96,
        input: 'a commit whose subject and author colour terminals',
        wanted: /^exit 0, escaped$/,
        give: async () => {
          const { repository } = place;
          const tree = repository.git('rev-parse', 'HEAD^{tree}').trim();
          const who = 'E\u001b]0;owned\u0007ve <e@localhost> 1700000000 +0000';
          const commit = repository.commitObject(
            `tree ${tree}\nparent ${repository.head()}\nauthor ${who}\ncommitter ${who}\n\n\u001b[2Jgone \u202E\u0007\n`,
          );
          repository.git('update-ref', 'refs/heads/main', commit);
          await place.clients.admin.sync({});
          const { code, stdout } = await place.mooring('history');
          return `exit ${code}, ${/[\p{Cc}\u202e]/u.test(stdout.replaceAll('\n', '')) ? 'as they came' : 'escaped'}`;
        },
      },
      typed(110, ['hub', '--repo', 'a', '--repo', 'b'], /^exit 2: .*--repo.*given twice/),
      typed(112, ['hub', '--poll', '5 minutes'], /^exit 2: .*--poll.*30s, 5m or 1h/),
      typed(112, ['hub', '--heartbeat', '-5s'], /^exit 2: .*--heartbeat.*30s, 5m or 1h/),
      typed(112, ['hub', '--listen', 'localhost'], /^exit 2: .*--listen.*0\.0\.0\.0:7443/),
      typed(112, ['hub', '--listen', '0.0.0.0:99999'], /^exit 2: .*--listen.*65535/),
      agent(112, ['run', '--audit', '5 minutes'], /^exit 2: .*--audit.*30s or 5m/),
    ],
  };
}

/** Files that say how to reach a hub. */
function contextRows(place: Place): Row[] {
  const folder = place.scratch('contexts');
  const file = join(folder, 'given.json');
  const { cert, key, ca } = place.credentials('web-1');
  const address = `127.0.0.1:${place.ports.grpc}`;
  const row = (title: string, make: () => string, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: async () => commandAnswer(await finish(process.execPath, [MOORING, '--context', make(), 'status'])),
  });
  const written =
    (text: string, mode = 0o600) =>
    () => {
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    };
  const honest = { address, ca, certificate: cert, key };
  return [
    row('93: a context that is not there', () => join(folder, 'none.json'), /^exit 5: .*none\.json.*mooring user add/),
    row(
      '93: a context that others can read',
      written(JSON.stringify(honest), 0o644),
      /^exit 1: KEY_PERMISSIONS: .*chmod 600/,
    ),
    row('93: a context that is no JSON', written('{'), /^exit 1: CONFIG_FORMAT: .*given\.json/),
    row(
      '93: a context with an unknown key',
      written(JSON.stringify({ ...honest, extra: 1 })),
      /^exit 1: CONFIG_FORMAT: .*given\.json/,
    ),
    row(
      '94: the authority of another fleet',
      written(JSON.stringify({ ...honest, ca: strangeAuthority(folder) })),
      /^exit 5: CERT_MISMATCH: .*another authority/,
    ),
    row(
      "94: a host's certificate, for people's questions",
      written(JSON.stringify(honest)),
      /^exit 5: PERMISSION_DENIED: /,
    ),
    row(
      '94: a hub that is not there',
      written(JSON.stringify({ ...honest, address: '127.0.0.1:1' })),
      /^exit 4: HUB_UNREACHABLE: /,
    ),
    row(
      '115: a certificate with lines of Windows and text around it',
      written(JSON.stringify({ ...honest, certificate: `Bag Attributes\r\n${cert.replaceAll('\n', '\r\n')}` })),
      /^exit 5: PERMISSION_DENIED: /,
    ),
    row(
      '115: a certificate that is DER',
      written(
        JSON.stringify({
          ...honest,
          certificate: Buffer.from(cert.split('\n').slice(1, -2).join(''), 'base64').toString('latin1'),
        }),
      ),
      /^exit 5: CERT_FORMAT: /,
    ),
    row(
      '115: a key that is encrypted',
      written(
        JSON.stringify({
          ...honest,
          key: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n',
        }),
      ),
      /^exit 5: CERT_FORMAT: .*unencrypted PEM/,
    ),
    row(
      '109: the key of another certificate',
      written(JSON.stringify({ ...honest, key: otherKey() })),
      /^exit 5: CERT_MISMATCH: .*private key/,
    ),
  ];
}

function strangeAuthority(folder: string): string {
  const authority = join(folder, 'authority');
  Issuer.stranger(authority);
  return readFileSync(join(authority, 'ca.crt'), 'utf8');
}

function otherKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ format: 'pem', type: 'pkcs8' })
    .toString();
}
