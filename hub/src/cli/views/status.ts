import type { GetStatusResponse, HostSummary, StackSummary } from '@mooring/proto';
import { formatAge } from '../ages.ts';
import { escapeControls, formatTable } from '../table.ts';
import { healthWord, problemLine, ratio, renderProblemLines, revisionLine, sumCells, syncWord } from './states.ts';

/** `mooring status`: revision, problems, stacks, hosts; the worst first. */
export function statusText(status: GetStatusResponse): string {
  const sections = [
    head(status),
    refusal(status),
    problems(status),
    stacksTable(status.stacks),
    hostsTable(status.hostSummaries),
  ];
  if (status.incomplete) sections.push('More hosts: `mooring hosts`.');
  return sections.filter((section) => section !== '').join('\n\n');
}

function head(status: GetStatusResponse): string {
  const source = `${escapeControls(status.source)} (${escapeControls(status.branch)})`;
  const revision = status.accepted === undefined ? 'none yet' : escapeControls(revisionLine(status.accepted));
  const [sync, health, count] = sumCells(status.hosts);
  return [
    `Fleet     ${status.fleetName}`,
    `Source    ${source}, asked ${formatAge(Number(status.sourceAgeMs))} ago`.replace('never ago', 'never'),
    `Revision  ${revision}`,
    `Hosts     ${count} synced, ${sync}, ${health}`,
  ].join('\n');
}

function refusal(status: GetStatusResponse): string {
  const refused = status.refused;
  if (refused === undefined) return '';
  const lines = refused.problems.map((problem) => renderProblemLines(problem));
  return [`Refused   ${escapeControls(revisionLine(refused))}`, ...lines].join('\n');
}

function problems(status: GetStatusResponse): string {
  return status.problems.map((problem) => `! ${escapeControls(problemLine(problem))}`).join('\n');
}

/** `mooring stacks`. */
export function stacksTable(stacks: readonly StackSummary[]): string {
  if (stacks.length === 0) return 'No stacks.';
  const rows = stacks.map((stack) => [stack.name, ...sumCells(stack.sum), stack.reason]);
  return formatTable(['STACK', 'SYNC', 'HEALTH', 'HOSTS', 'REASON'], rows);
}

/** `mooring hosts`. */
export function hostsTable(hosts: readonly HostSummary[]): string {
  if (hosts.length === 0) return 'No hosts. Add one: `mooring invite HOST`.';
  const rows = hosts.map((host) => [
    host.name,
    host.online ? 'Online' : 'Offline',
    syncWord(host.sync),
    healthWord(host.health),
    ratio(host.stacksSynced, host.stacksTotal),
    formatAge(Number(host.lastSeenAgeMs)),
    host.reason,
  ]);
  return formatTable(['HOST', 'STATE', 'SYNC', 'HEALTH', 'STACKS', 'SEEN', 'REASON'], rows);
}
