/** What a container may use of its host. 0 and empty: no limit, or the engine's default. */
export interface Limits {
  readonly memoryBytes: number;
  /** Memory included; -1: unlimited; 0: the engine's default. */
  readonly memorySwapBytes: number;
  readonly memoryReservationBytes: number;
  /** Billionths of a CPU. */
  readonly nanoCpus: number;
  readonly cpuShares: number;
  readonly cpuset: string;
  readonly pidsLimit: number;
  readonly shmSizeBytes: number;
  /** Sorted by name. */
  readonly ulimits: readonly Ulimit[];
  /** Microseconds. */
  readonly cpuPeriod: number;
  /** Microseconds of each period; -1: no limit. */
  readonly cpuQuota: number;
  /** Microseconds. */
  readonly cpuRealtimePeriod: number;
  readonly cpuRealtimeRuntime: number;
  /** Engines keep it, and Linux does not use it. */
  readonly cpuCount: number;
  readonly cgroupParent: string;
  /** 1 to 100. */
  readonly memorySwappiness: number;
  readonly oomKillDisable: boolean;
  /** -1000 to 1000. */
  readonly oomScoreAdjustment: number;
  /** Undefined: the engine's. */
  readonly blockIo: BlockIo | undefined;
}

/** Shares and limits of block devices, each list in order. */
export interface BlockIo {
  /** 0: the engine's default. */
  readonly weight: number;
  readonly weightDevices: readonly DeviceRate[];
  /** Bytes a second. */
  readonly readBytes: readonly DeviceRate[];
  readonly writeBytes: readonly DeviceRate[];
  /** Operations a second. */
  readonly readOperations: readonly DeviceRate[];
  readonly writeOperations: readonly DeviceRate[];
}

/** A number for one block device. */
export interface DeviceRate {
  /** Path on the host. */
  readonly path: string;
  readonly rate: number;
}

/** One limit of processes; -1: unlimited. */
export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}
