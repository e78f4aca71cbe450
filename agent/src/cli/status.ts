import { type AgentStatus, readStatus } from '../status-file.ts';
import type { Printable } from './print.ts';

/** A status older than this was not written by a running agent, in milliseconds. */
const STALE_MS = 15_000;

/** Digits of the key that `mooring approve` shows as well. */
const KEY_DIGITS = 16;

/** `mooring-agent status`. */
export function showStatus(data: string): Printable {
  const status = readStatus(data);
  const ageMs = Date.now() - status.writtenAtMs;
  const running = ageMs < STALE_MS;
  return {
    json: { ...status, stacks: inWords(status.stacks), running, ageMs },
    text: statusText(status, running, ageMs),
  };
}

function statusText(status: AgentStatus, running: boolean, ageMs: number): string {
  const stacks = status.stacks.map((stack) => stackLine(stack));
  const lines = [
    `Host        ${status.host}`,
    ...(status.key === undefined ? [] : [`Key         ${status.key.slice(0, KEY_DIGITS)}`]),
    `Agent       ${status.version}, ${running ? 'running' : `not running, last seen ${seconds(ageMs)} ago`}`,
    `Hub         ${linkText(status.hub)}`,
    `Broker      ${linkText(status.broker)}`,
    `Generation  ${status.acceptedGeneration} accepted, ${status.appliedGeneration} applied`,
    ...(status.problem === '' ? [] : [`Problem     ${status.problem}`]),
  ];
  return [...lines, '', ...(stacks.length === 0 ? ['No stacks.'] : stacks)].join('\n');
}

function linkText({ connected, sinceMs, reason }: AgentStatus['hub']): string {
  const age = seconds(Date.now() - sinceMs);
  return connected ? `connected for ${age}` : `not connected for ${age}: ${reason}`;
}

function stackLine(stack: unknown): string {
  const {
    stack: name = '',
    sync = '',
    health = '',
    reason = '',
  } = typeof stack === 'object' && stack !== null ? (stack as Record<string, string>) : {};
  return `${name.padEnd(20)} ${word(sync).padEnd(10)} ${word(health).padEnd(12)} ${reason}`.trimEnd();
}

/** States as people read them, wherever they stand in protobuf JSON. */
function inWords(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => inWords(item, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inWords(item, name)]));
  return typeof value === 'string' && (key === 'sync' || key === 'health') ? word(value) : value;
}

/** `SYNC_STATE_OUT_OF_DATE` reads `OutOfDate`. */
function word(text: string): string {
  const words = text
    .replace(/^(?:SYNC|HEALTH)_STATE_/, '')
    .toLowerCase()
    .split('_');
  return words.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
