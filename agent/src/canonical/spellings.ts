import type { InspectedHealthcheck } from '../observe/inspected.ts';

/** One spelling for each thing that engines, clients and people spell in several ways. */

/** `nginx`, `library/nginx` and `docker.io/library/nginx:latest` are one image (distribution/reference, familiar names). */
export function imageReference(text: string): string {
  const [name = '', digest] = text.split('@');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const repository = hasTag ? name.slice(0, colon) : name;
  const tag = hasTag ? name.slice(colon + 1) : '';
  const slash = repository.indexOf('/');
  const first = repository.slice(0, Math.max(slash, 0));
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  const [host, path] = isHost ? [first, repository.slice(slash + 1)] : ['docker.io', repository];
  const full =
    (host === 'docker.io' || host === 'index.docker.io') && !path.includes('/')
      ? `docker.io/library/${path}`
      : `${host}/${path}`;
  if (digest !== undefined) return `${full}@${digest}`;
  return `${full}:${tag === '' ? 'latest' : tag}`;
}

// signal(7) on x86-64 and arm64: what people write as numbers.
const SIGNALS: Readonly<Record<string, string>> = {
  '1': 'HUP',
  '2': 'INT',
  '3': 'QUIT',
  '6': 'ABRT',
  '9': 'KILL',
  '10': 'USR1',
  '12': 'USR2',
  '15': 'TERM',
  '28': 'WINCH',
};

/** `SIGTERM`, `term` and `15` are one signal. */
export function stopSignal(text: string): string {
  const upper = text.toUpperCase().replace(/^SIG/, '');
  return SIGNALS[upper] ?? upper;
}

/** `net_admin` and `CAP_NET_ADMIN` are one capability; ALL stays. */
export function capability(text: string): string {
  const upper = text.toUpperCase();
  return upper === 'ALL' || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

/** `label:disable` and `label=disable` are one option; `no-new-privileges` alone means true. */
export function securityOption(text: string): string {
  const at = text.search(/[:=]/);
  if (at === -1) return text;
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  return name === 'no-new-privileges' && value === 'true' ? name : `${name}=${value}`;
}

/** What decides which security options go without saying. */
export interface Privileges {
  readonly privileged: boolean;
  readonly pid: string;
  readonly ipc: string;
}

/**
 * Security options that say something: labels are off, and engines say so themselves, where a container is privileged or shares processes or
 * memory with others, and a privileged one has no hidden paths.
 */
export function securityOptions(options: readonly string[], { privileged, pid, ipc }: Privileges): readonly string[] {
  const shares = [pid, ipc].some((mode) => mode === 'host' || mode.startsWith('container:'));
  return options
    .map(securityOption)
    .filter((option) => !((privileged || shares) && option.startsWith('label=')))
    .filter((option) => !(privileged && option === OPEN_PATHS));
}

/** The option that hides no paths: a client's word for two empty lists (docker/cli, parseSystemPaths). */
export const OPEN_PATHS = 'systempaths=unconfined';

/** What a variable is that a container goes without; values begin with `=`. */
export const UNSET = 'unset';

/** A container's environment as a mapping: `=value`, or `unset` where a variable of the image is taken away. A later entry wins. */
export function variables(environment: readonly string[]): ReadonlyMap<string, string> {
  const all = new Map<string, string>();
  for (const entry of environment) {
    const at = entry.indexOf('=');
    if (at === -1) all.set(entry, UNSET);
    else all.set(entry.slice(0, at), entry.slice(at));
  }
  return all;
}

/** The fields of a healthcheck; durations in nanoseconds. */
export function healthcheckFields(check: InspectedHealthcheck | undefined | null): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (check === undefined || check === null) return fields;
  if ((check.Test ?? []).length > 0) fields.set('healthcheck.test', JSON.stringify(check.Test));
  const numbers = {
    interval: check.Interval,
    timeout: check.Timeout,
    start_period: check.StartPeriod,
    start_interval: check.StartInterval,
    retries: check.Retries,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && value !== 0) fields.set(`healthcheck.${name}`, String(value));
  }
  return fields;
}

/** `on-failure:3`; no restart is not set. Unset reads back as "" on 20.10 and as "no" on later engines. */
export function restartPolicy(name: string, maximumRetries: number): string {
  if (name === '' || name === 'no') return '';
  return name === 'on-failure' && maximumRetries > 0 ? `${name}:${maximumRetries}` : name;
}

/** A number for one block device. */
export function blockDeviceText(path: string, rate: number | bigint): string {
  return `${path}:${rate}`;
}

/** Devices that a driver provides; the order of options means nothing. */
export function deviceRequestText(request: {
  readonly driver: string;
  readonly count: number;
  readonly deviceIds: readonly string[];
  readonly capabilities: readonly string[];
  readonly options: Readonly<Record<string, string>>;
}): string {
  const { driver, count, deviceIds, capabilities, options } = request;
  const many = count === -1 ? 'all' : String(count);
  const named = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const words = [driver, deviceIds.length > 0 ? deviceIds.join('+') : many, `[${capabilities.join(' ')}]`];
  return [...words, ...named.sort()].filter((word) => word !== '').join(' ');
}
