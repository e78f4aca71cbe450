import { byName, type Comparable } from './comparable.ts';

type Texts = Readonly<Record<string, string | null>>;

/** What few files set, as docker compose prints it. */
export interface RareAttributes {
  readonly annotations?: Texts;
  readonly blkio_config?: {
    readonly weight?: number;
    readonly weight_device?: readonly { readonly Path: string; readonly Weight: number }[];
    readonly device_read_bps?: readonly CanonicalRate[];
    readonly device_write_bps?: readonly CanonicalRate[];
    readonly device_read_iops?: readonly CanonicalRate[];
    readonly device_write_iops?: readonly CanonicalRate[];
  };
  readonly cgroup?: string;
  readonly cgroup_parent?: string;
  readonly cpu_period?: number;
  readonly cpu_quota?: number;
  readonly cpu_rt_period?: number;
  readonly cpu_rt_runtime?: number;
  readonly cpu_count?: number;
  readonly device_cgroup_rules?: readonly string[];
  readonly external_links?: readonly string[];
  readonly gpus?: readonly CanonicalDeviceRequest[];
  readonly links?: readonly string[];
  readonly mac_address?: string;
  readonly mem_swappiness?: string;
  readonly oom_kill_disable?: boolean;
  readonly oom_score_adj?: number;
  readonly runtime?: string;
  readonly storage_opt?: Texts;
  readonly volumes_from?: readonly string[];
}

interface CanonicalRate {
  readonly Path: string;
  readonly Rate: string;
}

export interface CanonicalDeviceRequest {
  readonly driver?: string;
  readonly count?: number;
  readonly device_ids?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly options?: Texts;
}

/** A mount, in whichever form it was written. */
export interface CanonicalMount {
  readonly type: string;
  readonly source?: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly bind?: {
    readonly propagation?: string;
    readonly selinux?: string;
    readonly create_host_path?: boolean;
    readonly recursive?: string;
  };
  readonly volume?: { readonly nocopy?: boolean; readonly subpath?: string; readonly labels?: Texts };
  readonly image?: { readonly subpath?: string };
  readonly tmpfs?: { readonly size?: string; readonly mode?: number };
}

/** The same in the few words that a bundle has for it. */
export function rareOf(service: RareAttributes, reserved: readonly CanonicalDeviceRequest[] = []): Comparable {
  const { blkio_config: blkio = {} } = service;
  const rates = (devices: readonly CanonicalRate[] = []) => devices.map(({ Path, Rate }) => `${Path} ${Rate}`);
  const gpus = (service.gpus ?? []).map(({ capabilities = [], ...gpu }) => ({
    ...gpu,
    capabilities: [...capabilities, 'gpu'],
  }));
  return {
    annotations: texts(service.annotations),
    blkio_weight: blkio.weight,
    blkio: [
      (blkio.weight_device ?? []).map(({ Path, Weight }) => `${Path} ${Weight}`),
      rates(blkio.device_read_bps),
      rates(blkio.device_write_bps),
      rates(blkio.device_read_iops),
      rates(blkio.device_write_iops),
    ].flat(),
    cgroup: service.cgroup,
    cgroup_parent: service.cgroup_parent,
    cpu: [
      service.cpu_period,
      service.cpu_quota,
      service.cpu_rt_period,
      service.cpu_rt_runtime,
      service.cpu_count,
    ].filter((value) => value !== undefined && value !== 0),
    device_cgroup_rules: service.device_cgroup_rules,
    devices: [...reserved, ...gpus].map(
      ({ driver = '', count = 0, device_ids = [], capabilities = [], options }) =>
        `${driver} ${count} ${device_ids} ${capabilities} ${JSON.stringify(texts(options))}`,
    ),
    links: (service.links ?? []).map(withAlias),
    external_links: (service.external_links ?? []).map(withAlias),
    mem_swappiness: Number(service.mem_swappiness ?? 0),
    oom: [service.oom_kill_disable === true ? 1 : 0, service.oom_score_adj ?? 0].filter((value) => value !== 0),
    runtime: service.runtime,
    storage_opt: texts(service.storage_opt),
    // Docker compose drops what is said of writing when it makes the container.
    volumes_from: (service.volumes_from ?? []).map((from) => {
      const [first = '', second = ''] = from.split(':');
      return first === 'container' ? second : `service:${first}`;
    }),
  };
}

function withAlias(link: string): string {
  return link.includes(':') ? link : `${link}:${link}`;
}

function texts(entries: Texts = {}): Comparable {
  return byName(Object.entries(entries), ([name, value]) => [name, `=${value ?? ''}`]);
}
