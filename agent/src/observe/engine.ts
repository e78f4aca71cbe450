/** What the agent asks of a Docker Engine. Every call ends within its deadline; failures are MooringErrors with ENGINE_*, IMAGE_*, PORT_TAKEN or DISK_FULL. */
export interface Engine {
  describe(): Promise<EngineDescription>;
  /** All containers, running or not. */
  listContainers(): Promise<readonly ContainerSummary[]>;
  /** Undefined when it is gone. */
  inspectContainer(id: string): Promise<ContainerDetails | undefined>;
  listNetworks(): Promise<readonly NamedObject[]>;
  listVolumes(): Promise<readonly NamedObject[]>;
  /** Whether the image is on the host. */
  hasImage(reference: string): Promise<boolean>;
  pullImage(reference: string): Promise<void>;
  /** Returns the id. */
  createContainer(name: string, body: CreateBody): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Stops with the container's own signal and grace period. */
  stopContainer(id: string): Promise<void>;
  unpauseContainer(id: string): Promise<void>;
  renameContainer(id: string, name: string): Promise<void>;
  /** Removes it whatever its state; its volumes stay. Gone already is fine. Ends when its name is free, also where somebody else removes it. */
  removeContainer(id: string): Promise<void>;
  /** Returns the id. */
  createNetwork(network: {
    name: string;
    driver: string;
    internal: boolean;
    labels: Readonly<Record<string, string>>;
  }): Promise<string>;
  removeNetwork(id: string): Promise<void>;
  connectNetwork(network: string, container: string, aliases: readonly string[]): Promise<void>;
  createVolume(volume: { name: string; driver: string; labels: Readonly<Record<string, string>> }): Promise<void>;
  /** Changes of containers, networks and volumes that carry the label, as they happen; ends when the signal is aborted or the engine goes. */
  changes(label: string, signal: AbortSignal): AsyncIterable<void>;
  /** True where a container can join several networks at creation (Engine API 1.44). */
  readonly manyNetworksAtCreate: boolean;
}

/** The engine about itself. */
export interface EngineDescription {
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly architecture: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** A container as lists show it. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A container as the engine knows it. */
export interface ContainerDetails extends ContainerSummary {
  readonly image: string;
  readonly imageId: string;
  /** `created running paused restarting removing exited dead`. */
  readonly status: string;
  /** `starting healthy unhealthy`; empty without a healthcheck. */
  readonly health: string;
  readonly exitCode: number;
  /** Unix milliseconds; 0: never. */
  readonly startedAtMs: number;
  readonly restarts: number;
  /** `no always unless-stopped on-failure`. */
  readonly restartPolicy: string;
  /** Host ports as people write them. */
  readonly ports: readonly string[];
  readonly anonymousVolumes: readonly { readonly target: string; readonly name: string }[];
  /** Error of the last start; empty: none. */
  readonly error: string;
}

/** A network or volume. */
export interface NamedObject {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Body of ContainerCreate (Engine API 1.41), apart from the name. */
export type CreateBody = Readonly<Record<string, unknown>>;
