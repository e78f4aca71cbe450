import {
  ApproveResponse,
  ListReturningResponse,
  MooringError,
  type ReturningHost,
  TakeOverResponse,
} from '@mooring/proto';
import type { Command } from 'commander';
import { formatAge } from '../ages.ts';
import { jsonOf } from '../message-json.ts';
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';
import { hostName, label } from './values.ts';

/** Digits of a key that tell one from another. */
const KEY_DIGITS = 16;

/** `approve`: hosts after the loss of a hub. */
export function addApprovingCommands(program: Command, session: Session): void {
  program
    .command('approve')
    .description(
      'let hosts in again that this hub has lost, or take over those that are ahead of it; without names: who asks',
    )
    .argument('[host...]', 'names of hosts', collectHosts)
    .option('--all', 'all that ask, or with --take-over all that are ahead')
    .option('--take-over', 'hosts that are ahead of this hub: issue what the accepted commit gives them')
    .option('--label <key=value>', 'a label in place of those that the host told; may be repeated', label, {})
    .action((hosts: string[] | undefined, options: ApproveFlags) => approve(session, hosts ?? [], options));
}

interface ApproveFlags {
  readonly all?: true;
  readonly takeOver?: true;
  readonly label: Readonly<Record<string, string>>;
}

function collectHosts(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), hostName(text)];
}

async function approve(session: Session, hosts: string[], options: ApproveFlags): Promise<void> {
  const all = options.all === true;
  if (all && hosts.length > 0)
    throw new MooringError('USAGE', 'Cannot approve: hosts and --all are both given; one of them is wanted');
  if (options.takeOver === true) return takeOver(session, hosts, all);
  if (!all && hosts.length === 0) return list(session);
  const { admin } = await session.hub();
  const labels = Object.entries(options.label).map(([name, value]) => ({ name, value }));
  const response = await admin.approve({ hosts, all, labels });
  session.out.result(jsonOf(ApproveResponse, response), () => approvedText(response));
}

async function takeOver(session: Session, hosts: string[], all: boolean): Promise<void> {
  if (!all && hosts.length === 0)
    throw new MooringError('USAGE', 'Cannot take over: neither hosts nor --all are given; one of them is wanted');
  const response = await (await session.hub()).admin.takeOver({ hosts, all });
  session.out.result(jsonOf(TakeOverResponse, response), () =>
    response.hosts.length === 0 ? 'No host is ahead of this hub.' : `Taken over: ${response.hosts.join(', ')}.`,
  );
}

async function list(session: Session): Promise<void> {
  const response = await (await session.hub()).admin.listReturning({});
  session.out.result(jsonOf(ListReturningResponse, response), () => returningText(response.hosts));
}

/** What became of an approval. */
export function approvedText({ hosts, withoutLabels }: ApproveResponse): string {
  if (hosts.length === 0) return 'No host asks to be let in.';
  const lines = [`In again: ${hosts.join(', ')}.`];
  if (withoutLabels.length > 0) {
    lines.push(
      `Nobody told the labels of ${withoutLabels.join(', ')}: give them in fleet.yaml, or stacks that select by them stay away.`,
    );
  }
  return lines.join('\n');
}

/** Who asks to be let in. */
export function returningText(hosts: readonly ReturningHost[]): string {
  if (hosts.length === 0) return 'No host asks to be let in.';
  const rows = hosts.map((host) => [
    host.host,
    host.key.slice(0, KEY_DIGITS),
    formatAge(Number(host.askedAgeMs)),
    host.known ? 'known by another key' : 'not remembered',
    host.labelsTold ? host.labels.map(({ name, value }) => `${name}=${value}`).join(',') : '?',
  ]);
  return formatTable(['HOST', 'KEY', 'ASKED', 'HERE', 'LABELS'], rows);
}
