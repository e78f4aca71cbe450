/** The parts of ContainerInspect (Engine API 1.41 to 1.51) that are read. Everything may be missing or null: engines differ. */
export interface InspectedContainer {
  readonly Id: string;
  readonly Name: string;
  readonly Image: string;
  readonly Config: InspectedConfig;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkSettings?:
    | { readonly Networks?: Readonly<Record<string, InspectedEndpoint>> | null }
    | null
    | undefined;
  readonly Mounts?: readonly InspectedMount[] | null | undefined;
}

/** What an image sets too. */
export interface InspectedConfig {
  readonly Image?: string | undefined;
  readonly Env?: readonly string[] | null | undefined;
  readonly Cmd?: readonly string[] | null | undefined;
  /** One text where the client library's types say so; an engine sends a list. */
  readonly Entrypoint?: readonly string[] | string | null | undefined;
  readonly Labels?: Readonly<Record<string, string>> | null | undefined;
  readonly Volumes?: Readonly<Record<string, unknown>> | null | undefined;
  readonly WorkingDir?: string | undefined;
  readonly User?: string | undefined;
  readonly Hostname?: string | undefined;
  readonly Domainname?: string | undefined;
  readonly Tty?: boolean | undefined;
  readonly OpenStdin?: boolean | undefined;
  readonly StopSignal?: string | undefined;
  readonly StopTimeout?: number | null | undefined;
  readonly Healthcheck?: InspectedHealthcheck | null | undefined;
  /** Of the primary network, where one was asked for. */
  readonly MacAddress?: string | undefined;
}

export interface InspectedHealthcheck {
  readonly Test?: readonly string[] | null | undefined;
  readonly Interval?: number | undefined;
  readonly Timeout?: number | undefined;
  readonly StartPeriod?: number | undefined;
  readonly StartInterval?: number | undefined;
  readonly Retries?: number | undefined;
}

export interface InspectedEndpoint {
  readonly NetworkID?: string | undefined;
  /** Empty while it does not run. */
  readonly IPAddress?: string | undefined;
  readonly GlobalIPv6Address?: string | undefined;
  readonly Aliases?: readonly string[] | null | undefined;
  readonly Links?: readonly string[] | null | undefined;
  readonly DriverOpts?: Readonly<Record<string, string>> | null | undefined;
  readonly GwPriority?: number | undefined;
  /** Empty while it does not run, unless one was asked for and it never ran. */
  readonly MacAddress?: string | undefined;
  readonly IPAMConfig?:
    | {
        readonly IPv4Address?: string | undefined;
        readonly IPv6Address?: string | undefined;
        readonly LinkLocalIPs?: readonly string[] | null | undefined;
      }
    | null
    | undefined;
}

export interface InspectedMount {
  readonly Type: string;
  readonly Name?: string | undefined;
  readonly Source?: string | undefined;
  readonly Destination: string;
  readonly RW?: boolean | undefined;
  readonly Propagation?: string | undefined;
}

/** What the engine says of a network in a list (Engine API 1.41 to 1.51). */
export interface InspectedNetwork {
  readonly Driver?: string | undefined;
  readonly Internal?: boolean | undefined;
  readonly Attachable?: boolean | undefined;
  readonly EnableIPv6?: boolean | undefined;
  /** Engines before API 1.48 do not tell. */
  readonly EnableIPv4?: boolean | undefined;
  readonly Options?: Readonly<Record<string, string>> | null | undefined;
  readonly IPAM?:
    | {
        readonly Driver?: string | undefined;
        readonly Options?: Readonly<Record<string, string>> | null | undefined;
        readonly Config?: readonly InspectedPool[] | null | undefined;
      }
    | null
    | undefined;
}

export interface InspectedPool {
  readonly Subnet?: string | undefined;
  readonly Gateway?: string | undefined;
  readonly IPRange?: string | undefined;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string | undefined>> | null | undefined;
}

/** What the engine says of a volume in a list (Engine API 1.41 to 1.51). */
export interface InspectedVolume {
  readonly Driver?: string | undefined;
  readonly Options?: Readonly<Record<string, string>> | null | undefined;
}
