import type { Network, Service } from '@mooring/proto';
import type { Difference } from '../canonical/compare.ts';
import { attributeOf } from '../canonical/fields.ts';
import { endpointOf } from './endpoint.ts';

/** What is changed on a container that goes on running. */
export interface LiveChange {
  /** Body of ContainerUpdate (Engine API 1.41); undefined: no limit and no restart policy changes. */
  readonly limits: Readonly<Record<string, unknown>> | undefined;
  /** The name it gets; empty: it keeps its own. */
  readonly rename: string;
  /** Networks that it leaves, by name or id. */
  readonly disconnect: readonly string[];
  /** Networks that it joins, afterwards. */
  readonly connect: readonly Joining[];
}

export interface Joining {
  /** Name on the engine. */
  readonly network: string;
  readonly endpoint: Readonly<Record<string, unknown>>;
}

/** Limits by their Compose names. Each can be changed to a value, and none but the last can be taken away: to an engine 0 means "as it is". */
const LIMITS: Readonly<Record<string, string>> = {
  mem_limit: 'Memory',
  memswap_limit: 'MemorySwap',
  mem_reservation: 'MemoryReservation',
  cpus: 'NanoCpus',
  cpu_shares: 'CpuShares',
  cpuset: 'CpusetCpus',
  pids_limit: 'PidsLimit',
  cpu_period: 'CpuPeriod',
  cpu_quota: 'CpuQuota',
  'blkio_config.weight': 'BlkioWeight',
};

/** What the change is about. */
export interface LiveChangeInput {
  readonly service: Service;
  readonly name: string;
  readonly networks: readonly Network[];
  /** Names under which it finds others, as "container:alias". */
  readonly links: readonly string[];
}

/** The change that removes all these differences while the container runs; undefined: it must be made anew. */
export function liveChange(differences: readonly Difference[], input: LiveChangeInput): LiveChange | undefined {
  if (!differences.every(isLive)) return undefined;
  const renamed = differences.some(({ path }) => path === 'container_name');
  return {
    limits: limitsOf(differences, input),
    rename: renamed ? input.name : '',
    ...networkChange(differences, input),
  };
}

function isLive({ path, desired }: Difference): boolean {
  if (path === 'restart' || path === 'container_name' || path === 'pids_limit') return true;
  if (path === 'networks') return false;
  if (attributeOf(path) === 'networks') return !FIXED_DETAILS.has(path.slice(path.lastIndexOf('.') + 1));
  return Object.hasOwn(LIMITS, path) && desired !== '';
}

function limitsOf(
  differences: readonly Difference[],
  { service }: LiveChangeInput,
): Readonly<Record<string, unknown>> | undefined {
  const body: Record<string, unknown> = {};
  for (const { path, desired } of differences) {
    const name = LIMITS[path];
    if (name !== undefined) body[name] = limitValue(path, desired);
    if (path === 'restart') body['RestartPolicy'] = policyOf(desired);
  }
  // Memory alone would leave the swap limit where it was, or be refused for being above it.
  const memory = service.container?.memoryBytes ?? 0n;
  const swap = service.container?.memorySwapBytes ?? 0n;
  if ('Memory' in body && !('MemorySwap' in body)) body['MemorySwap'] = Number(swap === 0n ? memory * 2n : swap);
  if ('MemorySwap' in body && !('Memory' in body) && memory > 0n) body['Memory'] = Number(memory);
  return Object.keys(body).length === 0 ? undefined : body;
}

function limitValue(path: string, desired: string): unknown {
  if (path === 'cpuset') return desired;
  return path === 'pids_limit' && desired === '' ? -1 : Number(desired);
}

function policyOf(desired: string): Readonly<Record<string, unknown>> {
  const [name = '', retries = '0'] = desired.split(':');
  return { Name: name === '' ? 'no' : name, MaximumRetryCount: Number(retries) };
}

function networkChange(
  differences: readonly Difference[],
  { service, name, networks, links }: LiveChangeInput,
): Pick<LiveChange, 'connect' | 'disconnect'> {
  const names = new Map(networks.map((network) => [network.key, network.name]));
  const touched = new Map<string, Difference | undefined>();
  for (const difference of differences) {
    const [attribute, ...rest] = difference.path.split('.');
    if (attribute !== 'networks') continue;
    const key = keyOf(rest);
    const whole = difference.path === `networks.${key}` ? difference : touched.get(key);
    touched.set(key, whole);
  }
  const disconnect: string[] = [];
  const connect: Joining[] = [];
  for (const [key, whole] of touched) {
    const network = names.get(key) ?? key;
    if (whole === undefined || whole.observed !== '') disconnect.push(network);
    const attachment = service.container?.networks.find((wanted) => wanted.network === key);
    if (attachment !== undefined) connect.push({ network, endpoint: endpointOf(service, attachment, { name, links }) });
  }
  return { disconnect, connect };
}

const DETAILS: ReadonlySet<string> = new Set(['aliases', 'ipv4_address', 'ipv6_address', 'link_local_ips']);

/** Details for which a container is made anew: what runs in it may know the interface by them. */
const FIXED_DETAILS: ReadonlySet<string> = new Set([
  'driver_opts',
  'gw_priority',
  'interface_name',
  'links',
  'mac_address',
]);

/** Names of networks may hold dots: what follows the last one is a detail only if it is one. */
function keyOf(rest: readonly string[]): string {
  return DETAILS.has(rest.at(-1) ?? '') && rest.length > 1 ? rest.slice(0, -1).join('.') : rest.join('.');
}
