import type { Digest } from '@mooring/proto';

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
  /** Bytes; 0: no limit. */
  readonly memoryBytes: number;
  readonly replicas: number;
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

/** One published port. */
export interface Port {
  /** 1 to 65535. */
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** An IP address without brackets; empty: all addresses. */
  readonly hostAddress: string;
  /** `8080`, or a range `8000-8010` from which the engine chooses; empty: the engine chooses any. */
  readonly hostPort: string;
}

export interface Mount {
  /** Absolute, normalised path inside the container. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly source: MountSource;
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
  /** Memory. `sizeBytes` 0 and `mode` 0 mean the engine's default. */
  | { readonly kind: 'tmpfs'; readonly sizeBytes: number; readonly mode: number };

/** The content of a file in Git. */
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
}

export interface Dependency {
  readonly service: string;
  readonly condition: 'service_started' | 'service_healthy';
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
  /** Sorted by name. */
  readonly labels: readonly Label[];
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
}
