import type { Digest } from '@mooring/proto';
import type { Limits } from './limits-model.ts';

/**
 * A stack as its Compose files mean it, with nothing left to parse or to choose: every reference resolved, every quantity a number, every list in
 * a defined order. Equal models mean equal containers.
 */
export interface Project {
  /** Name of the stack. */
  readonly name: string;
  /** Sorted by name. */
  readonly services: readonly Service[];
  /** Networks that a service uses, sorted by key; the implicit `default` among them. */
  readonly networks: readonly Network[];
  /** Named volumes that a service uses, sorted by key. */
  readonly volumes: readonly Volume[];
}

/** What the containers of one service are created from, and when. */
export interface Service {
  readonly name: string;
  /** Image reference as written. */
  readonly image: string;
  /** Undefined: the image's. Never empty, since an engine reads an empty list as absent. */
  readonly command: readonly string[] | undefined;
  /** Undefined: the image's. Empty: cleared. */
  readonly entrypoint: readonly string[] | undefined;
  /** Sorted by name. */
  readonly environment: readonly EnvironmentVariable[];
  /** Sorted by name. */
  readonly labels: readonly Label[];
  /** Sorted by container port, protocol, host address, host port. */
  readonly ports: readonly Port[];
  /** Sorted by target; no two have the same. */
  readonly mounts: readonly Mount[];
  /** The primary one first. */
  readonly networks: readonly NetworkAttachment[];
  /** Sorted by service. */
  readonly dependsOn: readonly Dependency[];
  /** Undefined: the image's. */
  readonly healthcheck: Healthcheck | undefined;
  /** Undefined: not restarted. */
  readonly restart: RestartPolicy | undefined;
  readonly process: Process;
  readonly limits: Limits;
  readonly security: Security;
  readonly namespaces: Namespaces;
  readonly nameResolution: NameResolution;
  /** Sorted by target. */
  readonly devices: readonly Device[];
  /** Undefined: the engine's. */
  readonly logging: Logging | undefined;
  /** For the runtime; sorted by name. */
  readonly annotations: readonly Label[];
  /** In order. */
  readonly deviceRequests: readonly DeviceRequest[];
  /** In order, such as `c 1:3 mr`. */
  readonly deviceCgroupRules: readonly string[];
  /** Empty: the engine's default. */
  readonly runtime: string;
  /** Sorted by name. */
  readonly storageOptions: readonly Label[];
  /** In order. */
  readonly links: readonly Link[];
  /** In order: `service:<service>`, or the name of a container. */
  readonly volumesFrom: readonly string[];
  /** Platform to pull and create for, such as `linux/arm64`; empty: the engine's. */
  readonly platform: string;
  readonly pullPolicy: 'missing' | 'always' | 'never';
  /** Name of the only container; empty: made of stack, service and number. */
  readonly containerName: string;
  readonly replicas: number;
  readonly hooks: {
    /** Right after a start, in order. */
    readonly postStart: readonly Hook[];
    /** Right before a stop, in order. */
    readonly preStop: readonly Hook[];
  };
  /** Undefined: the old container stops first, all replicas side by side. */
  readonly update: UpdateConfig | undefined;
}

/** A command that runs in a container. */
export interface Hook {
  /** Never empty. */
  readonly command: readonly string[];
  /** Empty: the container's. */
  readonly user: string;
  readonly privileged: boolean;
  /** Empty: the container's. */
  readonly workingDir: string;
  /** Beside the container's, sorted by name. */
  readonly environment: readonly EnvironmentVariable[];
}

/** How containers make way for new ones. */
export interface UpdateConfig {
  /** The new container is healthy before the old one stops. */
  readonly startFirst: boolean;
  /** Replicas at a time; 0: all. */
  readonly parallelism: number;
}

/** What runs in the container, and as whom. Empty: the image's. */
export interface Process {
  /** Empty: the engine's choice. */
  readonly hostname: string;
  /** Empty: none. */
  readonly domainname: string;
  readonly user: string;
  /** Absolute, normalised. */
  readonly workingDir: string;
  readonly tty: boolean;
  readonly stdinOpen: boolean;
  /** Undefined: as the engine is configured. */
  readonly init: boolean | undefined;
  /** As written. */
  readonly stopSignal: string;
  /** Undefined: the engine's default. */
  readonly stopTimeoutSeconds: number | undefined;
}

/** Devices that a driver of the engine provides. */
export interface DeviceRequest {
  /** Empty: the engine chooses by the capabilities. */
  readonly driver: string;
  /** -1: all; 0: those that are named. */
  readonly count: number;
  /** In order. */
  readonly deviceIds: readonly string[];
  /** In order; all of them are wanted. */
  readonly capabilities: readonly string[];
  /** Sorted by name. */
  readonly options: readonly Label[];
}

/** A name of its own under which a container finds others: those of a service of the stack, or one by its name. */
export interface Link {
  readonly kind: 'service' | 'container';
  readonly name: string;
  readonly alias: string;
}

/** What the container's processes may do. */
export interface Security {
  readonly readOnly: boolean;
  readonly privileged: boolean;
  /** `CAP_NET_ADMIN` or `ALL`; sorted. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  /** `name=value`, sorted; the content of a seccomp profile in place of its file's name. */
  readonly securityOptions: readonly string[];
  /** Sorted by name. */
  readonly sysctls: readonly Label[];
  /** Sorted. */
  readonly groupAdd: readonly string[];
}

/** Namespaces that are not the container's own. Empty: its own, or the engine's default. */
export interface Namespaces {
  /** `none`, `host`, `bridge` or `service:<service>`, in place of networks. */
  readonly networkMode: string;
  readonly pidMode: string;
  readonly ipcMode: string;
  readonly utsMode: string;
  readonly usernsMode: string;
  /** `host` or `private`. */
  readonly cgroupMode: string;
}

/** How the container finds addresses. */
export interface NameResolution {
  /** `host:address`, sorted, each once. */
  readonly extraHosts: readonly string[];
  /** In order. */
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
}

export interface Device {
  /** Path on the host. */
  readonly source: string;
  /** Path in the container. */
  readonly target: string;
  /** Some of `rwm`. */
  readonly permissions: string;
}

export interface Logging {
  /** Empty: the engine's. */
  readonly driver: string;
  /** Sorted by name. */
  readonly options: readonly Label[];
}

/** One variable of a container's environment; without a value, the image's variable of that name is unset. */
interface EnvironmentVariable {
  readonly name: string;
  readonly value: string | undefined;
}

export interface Label {
  readonly name: string;
  readonly value: string;
}

/** One port of the container, published on the host or only exposed. */
export interface Port {
  /** 1 to 65535. */
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** An IP address without brackets; empty: all addresses. */
  readonly hostAddress: string;
  /** `8080`, or a range `8000-8010` from which the engine chooses; empty: the engine chooses any. */
  readonly hostPort: string;
  /** False: exposed only; the host has no part in it. */
  readonly published: boolean;
}

export interface Mount {
  /** Absolute, normalised path inside the container. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly source: MountSource;
  /** Of a bind, such as `rslave`; empty: the engine's default. */
  readonly propagation: string;
  /** `z`, `Z`, or empty: not relabelled for SELinux. */
  readonly selinux: string;
  /** A new volume is not filled with what the image holds there. */
  readonly noCopy: boolean;
  /** The source of a bind must exist already. */
  readonly mustExist: boolean;
  /** A folder of a volume or an image, relative to its root; empty: all of it. */
  readonly subpath: string;
  /** Of a volume that the mount makes; sorted by name. */
  readonly volumeLabels: readonly Label[];
  /** What becomes of mounts below the source of a bind: `disabled`, `writable`, `readonly`; empty: the engine's default. */
  readonly recursive: string;
}

/** What is mounted. */
export type MountSource =
  /** A named volume of the project, by key. */
  | { readonly kind: 'volume'; readonly volume: string }
  | { readonly kind: 'anonymous' }
  /** An absolute, normalised path on the host. */
  | { readonly kind: 'host'; readonly path: string }
  /** A folder of the stack's own that is not in Git: its normalised path from the stack's folder. Never begins with `..`. */
  | { readonly kind: 'data'; readonly path: string }
  /** A file in Git. Always read-only. */
  | { readonly kind: 'file'; readonly content: Content }
  /** A folder in Git, its files sorted by path. Always read-only. */
  | { readonly kind: 'tree'; readonly entries: readonly TreeEntry[] }
  /** Memory. `sizeBytes` 0 and `mode` 0 mean the engine's default; `options` are those of the attribute `tmpfs`, undefined for a mount. */
  | {
      readonly kind: 'tmpfs';
      readonly sizeBytes: number;
      readonly mode: number;
      readonly options: string | undefined;
    }
  /** The files of an image. */
  | { readonly kind: 'image'; readonly reference: string };

/** A content that containers mount: of a file in Git, or of a config that holds its text. */
export interface Content {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

export interface TreeEntry {
  /** From the mounted folder, `/` between segments, no `.` or `..`. */
  readonly path: string;
  readonly content: Content;
}

export interface NetworkAttachment {
  /** Key of a network of the project. */
  readonly network: string;
  /** Names beside the service's own, sorted, each once. */
  readonly aliases: readonly string[];
  /** Empty: the engine's choice. */
  readonly ipv4Address: string;
  readonly ipv6Address: string;
  /** Sorted. */
  readonly linkLocalIps: readonly string[];
  /** Sorted by name. */
  readonly driverOptions: readonly Label[];
  /** The network with the highest one gives the container its default gateway. */
  readonly gatewayPriority: number;
  /** Empty: the engine's choice. */
  readonly interfaceName: string;
  readonly macAddress: string;
}

export interface Dependency {
  readonly service: string;
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  /** Restart this service when the other is replaced. */
  readonly restart: boolean;
  /** False: a warning where the other fails. */
  readonly required: boolean;
}

/** Zero and empty mean: the image's value. */
export interface Healthcheck {
  /** `CMD` or `CMD-SHELL` and its arguments, or `NONE` alone. */
  readonly test: readonly string[];
  readonly intervalNanos: bigint;
  readonly timeoutNanos: bigint;
  readonly startPeriodNanos: bigint;
  readonly startIntervalNanos: bigint;
  readonly retries: number;
}

export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** For `on-failure`; 0: without end. */
  readonly maximumRetries: number;
}

export interface Network {
  readonly key: string;
  /** Name on the engine. */
  readonly name: string;
  /** True: must exist, is never made. */
  readonly external: boolean;
  /** Empty: the engine's default. */
  readonly driver: string;
  /** No way out of the host. */
  readonly internal: boolean;
  /** Containers that are not of the stack may attach by themselves. */
  readonly attachable: boolean;
  /** Sorted by name. */
  readonly driverOptions: readonly Label[];
  /** Undefined: the engine's default. */
  readonly enableIpv6: boolean | undefined;
  readonly enableIpv4: boolean | undefined;
  /** Undefined: the engine's. */
  readonly ipam: Ipam | undefined;
  /** Sorted by name. */
  readonly labels: readonly Label[];
}

/** Address management of a network. */
export interface Ipam {
  /** Empty: the engine's default. */
  readonly driver: string;
  /** Sorted by name. */
  readonly options: readonly Label[];
  /** Sorted by subnet. */
  readonly pools: readonly IpamPool[];
}

export interface IpamPool {
  /** CIDR. */
  readonly subnet: string;
  /** Empty: the engine's choice. */
  readonly gateway: string;
  /** CIDR; empty: all of the subnet. */
  readonly ipRange: string;
  /** Addresses that are kept for others, sorted by name. */
  readonly auxiliaryAddresses: readonly Label[];
}

export interface Volume {
  readonly key: string;
  /** Name on the engine. */
  readonly name: string;
  /** True: must exist, is never made. */
  readonly external: boolean;
  /** Empty: the engine's default. */
  readonly driver: string;
  /** Sorted by name. */
  readonly labels: readonly Label[];
  /** Sorted by name. */
  readonly driverOptions: readonly Label[];
}
