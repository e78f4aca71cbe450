import type { InspectedConfig, InspectedContainer, InspectedNetwork, InspectedVolume } from './inspected.ts';

/** What the agent asks of a Docker Engine. Every call ends within its deadline; failures are MooringErrors with ENGINE_*, IMAGE_*, PORT_TAKEN or DISK_FULL. */
export interface Engine {
  describe(): Promise<EngineDescription>;
  /** All containers, running or not. */
  listContainers(): Promise<readonly ContainerSummary[]>;
  /**
   * Undefined when it is gone. Throws CONTAINER_UNKNOWN where the engine answers and cannot say anything about this one: late the first time, then at
   * once until it can, which `changes` tells. No other call waits for that answer.
   */
  inspectContainer(id: string): Promise<ContainerDetails | undefined>;
  listNetworks(): Promise<readonly NetworkDetails[]>;
  /** Ids of the containers that are attached to a network; undefined: the network is gone. */
  attachedTo(network: string): Promise<readonly string[] | undefined>;
  listVolumes(): Promise<readonly VolumeDetails[]>;
  /** What an image sets, by its id; undefined: it is not on the host. */
  inspectImage(id: string): Promise<InspectedConfig | undefined>;
  /** Id of the image that a reference names on this host now; undefined: none. */
  imageId(reference: string): Promise<string | undefined>;
  /** `platform` such as "linux/arm64"; empty: the engine's. */
  pullImage(reference: string, platform: string): Promise<void>;
  /** Returns the id. */
  createContainer(name: string, body: CreateBody, platform: string): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Stops with the container's own signal and grace period. */
  stopContainer(id: string): Promise<void>;
  unpauseContainer(id: string): Promise<void>;
  /** Stops and starts it: binds are resolved anew. */
  restartContainer(id: string): Promise<void>;
  /** Runs a command in a container that runs, to its end. Throws ENGINE_CONFLICT where it does not run, ENGINE_UNRESPONSIVE after five minutes. */
  runCommand(id: string, command: CommandBody): Promise<CommandEnd>;
  /** Changes limits and restart policy of a container that goes on running (ContainerUpdate, Engine API 1.41). */
  updateContainer(id: string, changes: Readonly<Record<string, unknown>>): Promise<void>;
  renameContainer(id: string, name: string): Promise<void>;
  /** Removes it whatever its state; its volumes stay. Gone already is fine. Ends when its name is free, also where somebody else removes it. */
  removeContainer(id: string): Promise<void>;
  /** Takes the body of NetworkCreate (Engine API 1.41). Returns the id. */
  createNetwork(body: NetworkBody): Promise<string>;
  removeNetwork(id: string): Promise<void>;
  connectNetwork(network: string, container: string, endpoint: Endpoint): Promise<void>;
  /** Takes a container off a network; off already, or gone, is fine. */
  disconnectNetwork(network: string, container: string): Promise<void>;
  createVolume(volume: VolumeBody): Promise<void>;
  /**
   * What happens to containers that carry the label, to the names and networks of all others, and to what tags name; ends when the signal is
   * aborted or the engine goes. One item may stand for a burst.
   */
  changes(label: string, signal: AbortSignal): AsyncIterable<readonly Change[]>;
  /** True where a container can join several networks at creation (Engine API 1.44). */
  readonly manyNetworksAtCreate: boolean;
  /** True where a mount can ask for the source of a bind to be made (Engine API 1.42). */
  readonly makesMountpoints: boolean;
}

/** One thing that happened on the engine. */
export interface Change {
  readonly container: string;
  /** The engine's own word, such as "stop" or "die"; "kill" bears the signal's number: "kill 15". "answers": it can be inspected again. */
  readonly action: string;
}

/** The engine about itself. */
export interface EngineDescription {
  readonly version: string;
  /** Version and configuration, as far as containers show them where nothing is asked: when it changes, so does what is expected. */
  readonly defaults: string;
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
  /** Ports of the host, such as "8080/tcp": in a list those that it holds now, in an inspect those that it asks for. */
  readonly hostPorts: readonly string[];
  /** Addresses that it holds now. */
  readonly addresses: readonly Address[];
}

/** An address on a network. */
export interface Address {
  /** Id of the network. */
  readonly network: string;
  /** IPv4 or IPv6, without its prefix length. */
  readonly address: string;
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
  /** All of it, for the canonical form. */
  readonly inspected: InspectedContainer;
}

/** A network. */
export interface NetworkDetails extends NamedObject {
  readonly inspected: InspectedNetwork;
}

/** A volume; its id is its name. */
export interface VolumeDetails extends NamedObject {
  readonly inspected: InspectedVolume;
}

/** A network or volume. */
export interface NamedObject {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Body of ContainerCreate (Engine API 1.41), apart from the name. */
export type CreateBody = Readonly<Record<string, unknown>>;

/** A command to run in a container: ExecConfig (Engine API 1.41). */
export interface CommandBody {
  readonly Cmd: readonly string[];
  /** Empty: the container's. */
  readonly User: string;
  readonly Privileged: boolean;
  /** Empty: the container's. */
  readonly WorkingDir: string;
  /** `NAME=value` each. */
  readonly Env: readonly string[];
}

/** How a command ended. */
export interface CommandEnd {
  readonly exitCode: number;
  /** What it printed last, on both streams. */
  readonly output: string;
}

/** Body of NetworkCreate (Engine API 1.41). */
export type NetworkBody = Readonly<Record<string, unknown>> & { readonly Name: string; readonly Driver: string };

/** A volume to make. */
export interface VolumeBody {
  readonly name: string;
  /** Empty: local. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** How a container stands on a network (EndpointSettings, Engine API 1.41). */
export type Endpoint = Readonly<Record<string, unknown>>;
