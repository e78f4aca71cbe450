import { createInterface } from 'node:readline/promises';
import {
  AcceptRewriteResponse,
  AddUserResponse,
  ListUsersResponse,
  MooringError,
  Role,
  roleToJSON,
  SyncResponse,
} from '@mooring/proto';
import { type Command, Option } from 'commander';
import { formatAge } from '../ages.ts';
import { writeContext } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { jsonOf } from '../message-json.ts';
import { withProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';
import { wordOf } from '../words.ts';
import { duration, fullCommit, hostName, label } from './values.ts';

// Asking the source and rendering take seconds; a first clone of a large repository a minute.
const SYNC_DEADLINE_MS = 180_000;

/** Commands that change who belongs to the fleet, and `sync`. */
export function addChangingCommands(program: Command, session: Session): void {
  program
    .command('invite')
    .description('a join string for one host: paste it there after `mooring-agent join`')
    .argument('<host>', 'name of the host', hostName)
    .option('--label <key=value>', 'a label it joins with; may be repeated', label, {})
    .option('--ttl <duration>', 'how long it is good for', duration, 3_600_000)
    .option('--replace', 'the host exists: end its old identity when the new one joins')
    .action((host: string, options: InviteOptions) => invite(session, host, options));
  addUserCommands(program.command('user').description('people with a certificate'), session);
  program
    .command('revoke')
    .description('end the identity of a host, or of a user with --user, within 5 s; containers keep running')
    .argument('<name>', 'host or user', hostName)
    .option('--user', 'it is a user')
    .option('--reason <reason>', 'why', '')
    .action((name: string, options: { user?: true; reason: string }) => revoke(session, name, options));
  program
    .command('leave')
    .description('take a host out of the fleet and of every view; its containers keep running')
    .argument('<host>', 'name of the host', hostName)
    .action((host: string) => leave(session, host));
  program
    .command('sync')
    .description('ask the repository now, and wait until its newest commit is decided on')
    .action(() => sync(session));
  program
    .command('accept')
    .description(
      'accept the head of a branch that was rewritten, by its full name; it is then decided on like any other',
    )
    .argument('<commit>', 'all 40 digits of it', fullCommit)
    .action((commit: string) => accept(session, commit));
}

interface InviteOptions {
  readonly label: Readonly<Record<string, string>>;
  readonly ttl: number;
  readonly replace?: true;
}

async function invite({ hub, out }: Session, host: string, options: InviteOptions): Promise<void> {
  const response = await (await hub()).admin.invite({
    host,
    labels: Object.entries(options.label).map(([name, value]) => ({ name, value })),
    ttlSeconds: Math.ceil(options.ttl / 1000),
    replace: options.replace === true,
  });
  const json = { host, join: response.joinString, expiresAtMs: Number(response.expiresAtMs) };
  out.note(`On ${host}, as root, within ${formatAge(options.ttl)}: mooring-agent join STRING`);
  out.result(json, () => response.joinString);
}

function addUserCommands(user: Command, session: Session): void {
  user
    .command('add')
    .description('issue a certificate for a person, written as a context file for their machine')
    .argument('<name>', 'name of the user', hostName)
    .addOption(
      new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'admin']).makeOptionMandatory(),
    )
    .option('--out <file>', 'where the context is written; default: contexts of the current user, by that name')
    .action((name: string, options: { role: 'viewer' | 'operator' | 'admin'; out?: string }) =>
      addUser(session, name, options),
    );
  user
    .command('list')
    .description('users by name')
    .action(() => listUsers(session));
}

const ROLES = { viewer: Role.ROLE_VIEWER, operator: Role.ROLE_OPERATOR, admin: Role.ROLE_ADMIN } as const;

async function addUser(
  { hub, out }: Session,
  name: string,
  options: { role: keyof typeof ROLES; out?: string },
): Promise<void> {
  const { makeUserKey } = await import('../../enrol/user-key.ts');
  const { key, csr } = await makeUserKey();
  const response = await (await hub()).admin.addUser({ name, role: ROLES[options.role], csr });
  const [address = ''] = response.hubAddresses;
  const file = writeContext(options.out ?? name, {
    address,
    ca: response.caCertificates.map(toPem).join(''),
    certificate: response.certificates.map(toPem).join(''),
    key,
  });
  const { expiresAtMs } = AddUserResponse.toJSON(response) as { expiresAtMs?: string };
  out.result({ name, role: options.role, file, hubAddresses: response.hubAddresses, expiresAtMs }, () =>
    [
      `${name} may act as ${options.role}. Their context, with its private key, is in ${file}.`,
      `Use it: mooring --context ${file} status`,
    ].join('\n'),
  );
}

function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

async function listUsers({ hub, out }: Session): Promise<void> {
  const response = await (await hub()).admin.listUsers({});
  out.result(jsonOf(ListUsersResponse, response), () =>
    formatTable(
      ['USER', 'ROLE', 'EXPIRES', 'STATE'],
      response.users.map((user) => [
        user.name,
        wordOf(roleToJSON(user.role)),
        new Date(Number(user.expiresAtMs)).toISOString().slice(0, 10),
        user.revoked ? 'revoked' : 'active',
      ]),
    ),
  );
}

async function revoke(session: Session, name: string, options: { user?: true; reason: string }): Promise<void> {
  const what = options.user === true ? `user ${name}` : `host ${name}`;
  await confirm(session, `End the identity of ${what}?`);
  await (await session.hub()).admin.revoke({ name, user: options.user === true, reason: options.reason });
  session.out.result({ revoked: name }, () => `The identity of ${what} has ended.`);
}

async function leave(session: Session, host: string): Promise<void> {
  await confirm(session, `Take host ${host} out of the fleet?`);
  await (await session.hub()).admin.removeHost({ host });
  session.out.result({ left: host }, () => `Host ${host} is out of the fleet. What runs there keeps running.`);
}

async function confirm({ interactive, yes }: Session, question: string): Promise<void> {
  if (yes) return;
  if (!interactive) {
    throw new MooringError('USAGE', 'Cannot ask for consent: there is no terminal; -y or --yes is wanted', {
      hint: 'Repeat the command with -y.',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The end of the input is an answer as well: nobody said yes.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), ended]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new MooringError('USAGE', 'Cannot go on: consent was not given; y is wanted');
}

async function sync(session: Session): Promise<void> {
  const { admin } = await session.hub();
  const response = await withProgress(session, 'Asking the repository', () =>
    admin.sync({}, { deadlineMs: SYNC_DEADLINE_MS }),
  );
  showDecision(session, jsonOf(SyncResponse, response), response);
}

async function accept(session: Session, commit: string): Promise<void> {
  const { admin } = await session.hub();
  const response = await withProgress(session, 'Reading the commit', () =>
    admin.acceptRewrite({ commit }, { deadlineMs: SYNC_DEADLINE_MS }),
  );
  showDecision(session, jsonOf(AcceptRewriteResponse, response), response);
}

function showDecision(session: Session, json: unknown, decision: { commit: string; accepted: boolean }): void {
  const verdict = decision.accepted ? 'accepted' : 'refused';
  session.out.result(json, () => `Commit ${decision.commit.slice(0, 12)} is ${verdict}.`);
  if (decision.accepted) return;
  session.out.note('See why: mooring status');
  session.exit(EXIT.error);
}
