import type { ContainerState, GetHostResponse, HostSummary, ServiceState, StackState } from '@mooring/proto';
import { formatAge } from '../ages.ts';
import { type Cell, escapeControls, formatTable } from '../table.ts';
import { healthWord, problemLine, ratio, renderProblemLines, syncWord } from './states.ts';

/** `mooring host HOST`: everything known about one host. */
export function hostText(response: GetHostResponse, nowMs: number): string {
  const { host, stacks } = response;
  if (host === undefined) return '';
  const problems = host.problems.map((problem) => renderProblemLines(problem)).join('\n');
  const sections = [hostHead(host), problems, stacksText(stacks), containersText(stacks, nowMs)];
  return sections.filter((section) => section !== '').join('\n\n');
}

function hostHead(host: HostSummary): string {
  const labels = host.labels.map(({ name, value }) => `${name}=${value}`).join(',');
  const engine = host.state?.engine;
  const rows = [
    ['Host', host.name],
    ['State', `${host.online ? 'Online' : 'Offline'}, seen ${formatAge(Number(host.lastSeenAgeMs))} ago`],
    ['Sync', `${syncWord(host.sync)}, ${healthWord(host.health)} for ${formatAge(Number(host.sinceAgeMs))}`],
    ['Reason', host.reason],
    ['Labels', labels],
    ['Agent', host.agentVersion],
    [
      'Engine',
      engine === undefined
        ? ''
        : `Docker ${engine.version} (API ${engine.apiVersion}), ${engine.operatingSystem}, ${engine.architecture}`,
    ],
    ['Generation', `${host.state?.acceptedGeneration ?? 0n} accepted, ${host.assignedGeneration} assigned`],
    ['Unmanaged', host.state === undefined ? '' : String(host.state.unmanagedCount)],
    ['Refusal', host.state?.refusal === undefined ? '' : problemLine(host.state.refusal)],
    ['Problem', host.state?.problem === undefined ? '' : problemLine(host.state.problem)],
  ];
  return rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name = '', value = '']) => `${name.padEnd(11)}${escapeControls(value)}`)
    .join('\n');
}

function stacksText(stacks: readonly StackState[]): string {
  if (stacks.length === 0) return 'No stacks.';
  const rows = stacks.map((stack) => [
    stack.stack,
    syncWord(stack.sync),
    healthWord(stack.health),
    stack.commit.slice(0, 12),
    String(stack.drift.length),
    stack.reason,
  ]);
  return formatTable(['STACK', 'SYNC', 'HEALTH', 'COMMIT', 'DRIFT', 'REASON'], rows);
}

function containersText(stacks: readonly StackState[], nowMs: number): string {
  const rows = stacks.flatMap((stack) => stack.services.flatMap((service) => serviceRows(stack.stack, service, nowMs)));
  return rows.length === 0 ? '' : formatTable(['SERVICE', 'READY', 'HEALTH', 'CONTAINER', 'STATUS', 'UP'], rows);
}

function serviceRows(stack: string, service: ServiceState, nowMs: number): Cell[][] {
  const lead = [`${stack}/${service.service}`, ratio(service.ready, service.desired), healthWord(service.health)];
  if (service.containers.length === 0) return [[...lead, '-', '-', '-']];
  return service.containers.map((container) => [...lead, container.name, container.status, upTime(container, nowMs)]);
}

function upTime(container: ContainerState, nowMs: number): string {
  if (container.status !== 'running' || container.startedAtMs === 0n) return '-';
  return formatAge(Math.max(0, nowMs - Number(container.startedAtMs)));
}
