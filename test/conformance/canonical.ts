import { posix } from 'node:path';
import { type CanonicalDeviceRequest, type CanonicalMount, type RareAttributes, rareOf } from './canonical-rare.ts';
import { byName, type Comparable, type ComparableValue } from './comparable.ts';

/** The part of `docker compose config --format json` that bundles have an answer to. */
export interface CanonicalProject {
  readonly name: string;
  readonly services: Readonly<Record<string, CanonicalService>>;
  readonly networks?: Readonly<Record<string, CanonicalNetwork>>;
  readonly volumes?: Readonly<Record<string, CanonicalResource>>;
  readonly configs?: Readonly<Record<string, { readonly file?: string }>>;
  readonly secrets?: Readonly<Record<string, { readonly file?: string }>>;
}

type Texts = Readonly<Record<string, string | null>>;

interface CanonicalResource {
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: Texts;
  readonly labels?: Texts;
  readonly external?: boolean;
}

interface CanonicalNetwork extends CanonicalResource {
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly enable_ipv6?: boolean;
  readonly enable_ipv4?: boolean;
  readonly ipam?: {
    readonly driver?: string;
    readonly options?: Texts;
    readonly config?: readonly {
      readonly subnet?: string;
      readonly gateway?: string;
      readonly ip_range?: string;
      readonly aux_addresses?: Texts;
    }[];
  };
}

interface CanonicalService extends RareAttributes {
  readonly image?: string;
  readonly build?: unknown;
  readonly command?: readonly string[] | null;
  readonly entrypoint?: readonly string[] | null;
  readonly environment?: Texts;
  readonly labels?: Texts;
  readonly ports?: readonly {
    readonly target: number;
    readonly published?: string;
    readonly protocol?: string;
    readonly host_ip?: string;
  }[];
  readonly expose?: readonly string[];
  readonly volumes?: readonly CanonicalMount[];
  readonly configs?: readonly { readonly source: string; readonly target?: string }[];
  readonly secrets?: readonly { readonly source: string; readonly target?: string }[];
  readonly tmpfs?: readonly string[];
  readonly networks?: Readonly<
    Record<
      string,
      {
        readonly aliases?: readonly string[];
        readonly ipv4_address?: string;
        readonly ipv6_address?: string;
        readonly link_local_ips?: readonly string[];
        readonly priority?: number;
        readonly driver_opts?: Texts;
        readonly gw_priority?: number;
        readonly interface_name?: string;
        readonly mac_address?: string;
      } | null
    >
  >;
  readonly depends_on?: Readonly<
    Record<string, { readonly condition: string; readonly restart?: boolean; readonly required: boolean }>
  >;
  readonly healthcheck?: {
    readonly test?: readonly string[];
    readonly interval?: string;
    readonly timeout?: string;
    readonly start_period?: string;
    readonly start_interval?: string;
    readonly retries?: number;
    readonly disable?: boolean;
  };
  readonly restart?: string;
  readonly deploy?: {
    readonly replicas?: number;
    readonly restart_policy?: { readonly condition?: string; readonly max_attempts?: number };
    readonly resources?: {
      readonly limits?: { readonly cpus?: number; readonly memory?: string; readonly pids?: number };
      readonly reservations?: { readonly memory?: string; readonly devices?: readonly CanonicalDeviceRequest[] };
    };
  };
  readonly scale?: number;
  readonly container_name?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly user?: string;
  readonly working_dir?: string;
  readonly tty?: boolean;
  readonly stdin_open?: boolean;
  readonly init?: boolean;
  readonly stop_signal?: string;
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly memswap_limit?: string;
  readonly mem_reservation?: string;
  readonly cpus?: number;
  readonly cpu_shares?: number;
  readonly cpuset?: string;
  readonly pids_limit?: number;
  readonly shm_size?: string;
  readonly ulimits?: Readonly<Record<string, number | { readonly soft: number; readonly hard: number }>>;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly sysctls?: Texts;
  readonly group_add?: readonly string[];
  readonly devices?: readonly { readonly source: string; readonly target: string; readonly permissions: string }[];
  readonly extra_hosts?: readonly string[];
  readonly dns?: readonly string[];
  readonly dns_opt?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly logging?: { readonly driver?: string; readonly options?: Texts };
  readonly network_mode?: string;
  readonly pid?: string;
  readonly ipc?: string;
  readonly uts?: string;
  readonly userns_mode?: string;
  readonly platform?: string;
  readonly pull_policy?: string;
}

/** Says what a path of the host means in a fleet: where the stack lies in its repository, and whether Git holds the path. */
export interface Places {
  /** Folder of the stack as docker compose saw it. */
  readonly folder: string;
  /** Root of the repository as docker compose saw it. */
  readonly root: string;
  readonly isInRepository: (path: string) => boolean;
}

/** Services, networks and volumes of a canonical model. */
export function comparableCanonical(project: CanonicalProject, places: Places): Comparable {
  const active = withoutInactive(project.services);
  return {
    services: byName(active, ([name, service]) => [name, comparableService(service, places)]),
    networks: byName(usedNetworks(project), ([key, network]) => [key, comparableNetwork(network)]),
    volumes: byName(usedVolumes(project), ([key, volume]) => [key, comparableResource(volume)]),
  };
}

/** Docker compose still lists a dependency that it drops: on a service without an enabled profile that is not required. */
function withoutInactive(services: CanonicalProject['services']): readonly (readonly [string, CanonicalService])[] {
  return Object.entries(services).map(([name, service]) => {
    const known = Object.entries(service.depends_on ?? {}).filter(([other]) => Object.hasOwn(services, other));
    return [name, { ...service, depends_on: Object.fromEntries(known) }];
  });
}

/** Docker compose lists networks and volumes that no service uses, and makes none of them. */
function usedNetworks(project: CanonicalProject): readonly (readonly [string, CanonicalNetwork])[] {
  const used = new Set(Object.values(project.services).flatMap(({ networks }) => Object.keys(networks ?? {})));
  return Object.entries(project.networks ?? {}).filter(([key]) => used.has(key));
}

function usedVolumes(project: CanonicalProject): readonly (readonly [string, CanonicalResource])[] {
  const mounts = Object.values(project.services).flatMap(({ volumes }) => volumes ?? []);
  const used = new Set(mounts.map(({ type, source }) => (type === 'volume' ? source : undefined)));
  return Object.entries(project.volumes ?? {}).filter(([key]) => used.has(key));
}

function comparableService(service: CanonicalService, places: Places): Comparable {
  const limits = service.deploy?.resources?.limits;
  return {
    image: service.image,
    command: listed(service.command),
    // An empty entrypoint clears the image's; an absent one does not.
    entrypoint: service.entrypoint === null ? undefined : { values: listed(service.entrypoint) },
    environment: texts(service.environment, 'unset'),
    labels: texts(service.labels, 'empty'),
    ports: (service.ports ?? [])
      .map(
        ({ host_ip = '', published = '', target, protocol = 'tcp' }) => `${host_ip} ${published} ${target}/${protocol}`,
      )
      .sort(),
    exposed: exposedOf(service),
    mounts: mountsOf(service, places),
    networks: networksOf(service),
    depends_on: byName(Object.entries(service.depends_on ?? {}), ([name, { condition, restart, required }]) => [
      name,
      { condition, restart, required },
    ]),
    healthcheck: healthcheckOf(service),
    restart: restartOf(service),
    replicas: service.scale ?? service.deploy?.replicas ?? 1,
    container_name: service.container_name,
    process: {
      hostname: service.hostname,
      domainname: service.domainname,
      user: service.user,
      working_dir: service.working_dir?.replace(/(.)\/$/, '$1'),
      tty: service.tty,
      stdin_open: service.stdin_open,
      init: service.init === undefined ? undefined : String(service.init),
      stop_signal: service.stop_signal,
      stop_seconds:
        service.stop_grace_period === undefined ? undefined : Math.trunc(nanos(service.stop_grace_period) / 1e9),
    },
    limits: {
      memory: Number(service.mem_limit ?? limits?.memory ?? 0),
      memory_swap: Number(service.memswap_limit ?? 0),
      memory_reservation: Number(service.mem_reservation ?? service.deploy?.resources?.reservations?.memory ?? 0),
      nano_cpus: Math.round((service.cpus ?? limits?.cpus ?? 0) * 1e9),
      cpu_shares: service.cpu_shares,
      cpuset: service.cpuset,
      pids: service.pids_limit ?? limits?.pids,
      shm_size: Number(service.shm_size ?? 0),
      ulimits: byName(Object.entries(service.ulimits ?? {}), ([name, limit]) => [
        name,
        typeof limit === 'number' ? [limit, limit] : [limit.soft, limit.hard],
      ]),
    },
    security: {
      read_only: service.read_only,
      privileged: service.privileged,
      cap_add: capabilities(service.cap_add),
      cap_drop: capabilities(service.cap_drop),
      security_opt: [...(service.security_opt ?? [])].map((option) => option.replace(/^([^=:]+):/, '$1=')).sort(),
      sysctls: texts(service.sysctls, 'empty'),
      group_add: [...(service.group_add ?? [])].sort(),
    },
    devices: byName(service.devices ?? [], ({ source, target, permissions }) => [target, [source, permissions]]),
    names: {
      extra_hosts: [...new Set(service.extra_hosts)].map((host) => host.replace('=', ':')).sort(),
      dns: service.dns,
      dns_opt: service.dns_opt,
      dns_search: service.dns_search,
    },
    logging: { driver: service.logging?.driver, options: texts(service.logging?.options, 'empty') },
    namespaces: {
      network: service.network_mode,
      pid: service.pid,
      ipc: service.ipc,
      uts: service.uts,
      userns: service.userns_mode,
    },
    platform: service.platform,
    rare: rareOf(service, service.deploy?.resources?.reservations?.devices),
    pull_policy: service.pull_policy ?? 'missing',
  };
}

function listed(values: readonly string[] | null | undefined): readonly string[] {
  return (values ?? []).map(unescaped);
}

/** Docker compose writes a dollar sign twice, so that its answer can be read again. */
function unescaped(text: string): string {
  return text.replaceAll('$$', '$');
}

function texts(values: Texts | undefined, missing: 'unset' | 'empty'): Comparable {
  // An empty text is something: it is marked, since absent and empty are the same to the comparison.
  return byName(Object.entries(values ?? {}), ([name, value]) => [
    name,
    value === null && missing === 'unset' ? missing : `=${unescaped(value ?? '')}`,
  ]);
}

function exposedOf({ expose = [], ports = [] }: CanonicalService): readonly string[] {
  const published = new Set(ports.map(({ target, protocol = 'tcp' }) => `${target}/${protocol}`));
  const exposed = expose.flatMap((text) => {
    const [range = '', protocol = 'tcp'] = text.split('/');
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
  return [...new Set(exposed)].filter((port) => !published.has(port)).sort();
}

function mountsOf(service: CanonicalService, places: Places): Comparable {
  const contents = [
    ...(service.configs ?? []).map(({ source, target }) => target ?? `/${source}`),
    ...(service.secrets ?? []).map(({ source, target }) => target ?? `/run/secrets/${source}`),
  ].map((target): readonly [string, ComparableValue] => [target, { source: 'content', read_only: true }]);
  const memory = (service.tmpfs ?? []).map((text): readonly [string, ComparableValue] => {
    const [target = '', options = ''] = text.split(/:(.*)/s);
    return [target, { source: `tmpfs ${options}` }];
  });
  const volumes = (service.volumes ?? []).map((mount): readonly [string, ComparableValue] => [
    mount.target,
    comparableMount(mount, places),
  ]);
  return Object.fromEntries([...volumes, ...contents, ...memory]);
}

function comparableMount(mount: CanonicalMount, places: Places): Comparable {
  const { type, source = '', read_only, bind, volume, tmpfs, image } = mount;
  if (type === 'tmpfs') return { source: 'tmpfs', size: Number(tmpfs?.size ?? 0), mode: tmpfs?.mode, read_only };
  if (type === 'image') return { source: `image ${source}`, subpath: image?.subpath, read_only };
  if (type !== 'volume' && type !== 'bind') return { source: `${type} ${source}` };
  const rare = { recursive: bind?.recursive, subpath: volume?.subpath, labels: texts(volume?.labels, 'empty') };
  const said = { propagation: bind?.propagation, selinux: bind?.selinux, nocopy: volume?.nocopy, ...rare };
  if (type === 'volume') return { source: source === '' ? 'anonymous' : `volume ${source}`, read_only, ...said };
  const path = posix.normalize(source).replace(/(.)\/$/, '$1');
  const isOurs = path === places.root || path.startsWith(`${places.root}/`);
  if (!isOurs) return { source: `host ${path}`, read_only, ...said };
  // What Git holds is mounted read-only.
  if (places.isInRepository(posix.relative(places.root, path))) return { source: 'content', read_only: true, ...said };
  return { source: `data ${posix.relative(places.folder, path) || '.'}`, read_only, ...said };
}

function networksOf({ networks = {}, mac_address }: CanonicalService): Comparable {
  const entries = Object.entries(networks).map(([key, network]) => ({
    key,
    priority: network?.priority ?? 0,
    network,
  }));
  entries.sort((a, b) => b.priority - a.priority || (a.key < b.key ? -1 : 1));
  return {
    primary: entries[0]?.key,
    ...byName(entries, ({ key, network }) => [
      `of ${key}`,
      {
        attached: true,
        aliases: [...new Set(network?.aliases)].sort(),
        ipv4: network?.ipv4_address,
        ipv6: network?.ipv6_address,
        link_local: [...(network?.link_local_ips ?? [])].sort(),
        driver_opts: texts(network?.driver_opts, 'empty'),
        gw_priority: network?.gw_priority,
        interface_name: network?.interface_name,
        // That of the service is sent for its primary network.
        mac_address: network?.mac_address ?? (key === entries[0]?.key ? mac_address : undefined),
      },
    ]),
  };
}

function healthcheckOf({ healthcheck = {} }: CanonicalService): Comparable {
  const { test, interval, timeout, start_period, start_interval, retries, disable } = healthcheck;
  return {
    test: disable === true ? ['NONE'] : listed(test),
    interval: nanos(interval),
    timeout: nanos(timeout),
    start_period: nanos(start_period),
    start_interval: nanos(start_interval),
    retries,
  };
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };

/** Nanoseconds of a duration as Go prints it. */
function nanos(text = ''): number {
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)];
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? Number.NaN), 0);
}

function restartOf({ restart, deploy }: CanonicalService): string | undefined {
  const policy = deploy?.restart_policy;
  if (policy === undefined) return restart?.replace(/:0$/, '');
  const name = { none: 'no', 'on-failure': 'on-failure', any: 'always' }[policy.condition ?? 'any'] ?? 'unknown';
  return policy.max_attempts === undefined || name !== 'on-failure' ? name : `${name}:${policy.max_attempts}`;
}

function capabilities(names: readonly string[] = []): readonly string[] {
  return [...new Set(names.map((name) => name.toUpperCase().replace(/^CAP_/, '')))].sort();
}

function comparableNetwork(network: CanonicalNetwork): Comparable {
  const { internal, attachable, enable_ipv6, enable_ipv4, ipam } = network;
  return {
    ...comparableResource(network),
    internal,
    attachable,
    enable_ipv6,
    enable_ipv4,
    ipam: {
      driver: ipam?.driver,
      options: texts(ipam?.options, 'empty'),
      pools: byName(ipam?.config ?? [], ({ subnet = '', gateway, ip_range, aux_addresses }) => [
        subnet,
        { present: true, gateway, ip_range, auxiliary: texts(aux_addresses, 'empty') },
      ]),
    },
  };
}

function comparableResource({ name, driver, driver_opts, labels, external }: CanonicalResource): Comparable {
  return { name, driver, options: texts(driver_opts, 'empty'), labels: texts(labels, 'empty'), external };
}
