import { readBlockIo } from './block-io.ts';
import type { Field } from './field.ts';
import type { Limits } from './limits-model.ts';
import { readBytes, readNanoCpus } from './quantities.ts';
import { readScalar } from './scalar.ts';
import { readUlimits } from './ulimits.ts';

// The smallest limit that the engine takes (Engine API 1.41: "Minimum memory limit allowed is 6MB").
const MIN_MEMORY_BYTES = 6 * 1024 * 1024;
const CPU_LIST = /^\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)*$/;

/** What a service's containers may use. Throws COMPOSE_CONFLICT where an attribute and its twin below `deploy` say something else. */
export function readLimits(service: Field): Limits {
  const resources = service.get('deploy')?.get('resources');
  const limits = resources?.get('limits');
  const memoryBytes = agreed(service, 'mem_limit', { deployed: limits?.get('memory'), read: readMemory });
  return {
    memoryBytes,
    memorySwapBytes: readSwap(service.get('memswap_limit'), memoryBytes),
    memoryReservationBytes: readReservation(service, memoryBytes),
    nanoCpus: agreed(service, 'cpus', { deployed: limits?.get('cpus'), read: readNanoCpus }),
    cpuShares: service.get('cpu_shares')?.count() ?? 0,
    cpuset: readCpuset(service.get('cpuset')),
    pidsLimit: agreed(service, 'pids_limit', { deployed: limits?.get('pids'), read: readPids }),
    shmSizeBytes: service.get('shm_size') === undefined ? 0 : readBytes(service.get('shm_size') ?? service),
    ulimits: readUlimits(service.get('ulimits')),
    ...readScheduling(service),
    cgroupParent: service.get('cgroup_parent')?.text() ?? '',
    memorySwappiness: within(service.get('mem_swappiness'), { read: readBytes, least: 0, most: 100 }),
    oomKillDisable: service.get('oom_kill_disable')?.boolean() ?? false,
    oomScoreAdjustment: within(service.get('oom_score_adj'), { read: readInteger, least: -1000, most: 1000 }),
    blockIo: readBlockIo(service.get('blkio_config')),
  };
}

/** Microseconds that the engine takes for a period (moby, daemon/daemon_unix.go). */
const PERIODS = { least: 1000, most: 1_000_000 } as const;
/** What a counter of the kernel holds. */
const MOST = Number.MAX_SAFE_INTEGER;

type Scheduling = Pick<Limits, 'cpuPeriod' | 'cpuQuota' | 'cpuRealtimePeriod' | 'cpuRealtimeRuntime' | 'cpuCount'>;

/** When the processes have their turn. Throws COMPOSE_QUANTITY and COMPOSE_CONFLICT for what the engine refuses. */
function readScheduling(service: Field): Scheduling {
  const count = (key: string) => within(service.get(key), { read: readInteger, least: 0, most: MOST });
  const quota = service.get('cpu_quota');
  const scheduling = {
    cpuPeriod: zeroOr(service.get('cpu_period'), PERIODS),
    cpuQuota: quota !== undefined && isUnlimited(quota) ? -1 : zeroOr(quota, { least: PERIODS.least, most: MOST }),
    cpuRealtimePeriod: count('cpu_rt_period'),
    cpuRealtimeRuntime: count('cpu_rt_runtime'),
    cpuCount: count('cpu_count'),
  };
  const { cpuRealtimePeriod: period, cpuRealtimeRuntime: runtime } = scheduling;
  if (period > 0 && runtime > period)
    throw (service.get('cpu_rt_runtime') ?? service).refusal(
      'COMPOSE_CONFLICT',
      'it is more than cpu_rt_period; at most that is wanted',
    );
  const cpus = service.get('cpus') ?? service.get('deploy')?.get('resources')?.get('limits')?.get('cpus');
  const other = scheduling.cpuPeriod === 0 ? quota : service.get('cpu_period');
  if (cpus !== undefined && other !== undefined && readNanoCpus(cpus) > 0 && !isZero(other))
    throw other.refusal('COMPOSE_CONFLICT', 'it stands beside cpus, which the engine refuses; one of them is wanted');
  return scheduling;
}

function isZero(field: Field): boolean {
  return field.isNull || field.integer() === 0;
}

function readInteger(field: Field): number {
  return field.integer();
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

function zeroOr(field: Field | undefined, { least, most }: Bounds): number {
  const zero = field === undefined || isZero(field);
  return zero ? 0 : within(field, { read: readInteger, least, most });
}

function within(field: Field | undefined, { read, least, most }: Bounds & { read: (field: Field) => number }): number {
  if (field === undefined || field.isNull) return 0;
  const found = read(field);
  if (found >= least && found <= most) return found;
  throw field.refusal('COMPOSE_QUANTITY', `it is ${found}; a number from ${least} to ${most} is wanted`);
}

/** A quantity that can be said by an attribute and below `deploy`; 0: it is said nowhere. */
function agreed(
  service: Field,
  key: string,
  { deployed, read }: { deployed: Field | undefined; read: (field: Field) => number },
): number {
  const plain = said(service.get(key), read);
  const other = said(deployed, read);
  if (plain !== undefined && deployed !== undefined && other !== undefined && plain !== other)
    throw service.refusal(
      'COMPOSE_CONFLICT',
      `${key} and ${deployed.path.slice(service.path.length + 1)} differ; one of them is wanted`,
    );
  return plain ?? other ?? 0;
}

function said(field: Field | undefined, read: (field: Field) => number): number | undefined {
  return field === undefined || field.isNull ? undefined : read(field);
}

function readMemory(field: Field): number {
  const bytes = readBytes(field);
  if (bytes !== 0 && bytes < MIN_MEMORY_BYTES)
    throw field.refusal('COMPOSE_QUANTITY', `${bytes} bytes are less than the engine takes; 6m or more is wanted`);
  return bytes;
}

function readSwap(field: Field | undefined, memoryBytes: number): number {
  if (field === undefined || field.isNull) return 0;
  const bytes = isUnlimited(field) ? -1 : readBytes(field);
  if (bytes === 0) return 0;
  if (memoryBytes === 0)
    throw field.refusal('COMPOSE_CONFLICT', 'it stands without mem_limit, which the engine refuses; both are wanted');
  if (bytes !== -1 && bytes < memoryBytes)
    throw field.refusal('COMPOSE_CONFLICT', 'it is less than mem_limit, which it includes; more is wanted');
  return bytes;
}

function readReservation(service: Field, memoryBytes: number): number {
  const reserved = service.get('deploy')?.get('resources')?.get('reservations')?.get('memory');
  const bytes = agreed(service, 'mem_reservation', { deployed: reserved, read: readMemory });
  if (memoryBytes === 0 || bytes <= memoryBytes) return bytes;
  throw (service.get('mem_reservation') ?? reserved ?? service).refusal(
    'COMPOSE_CONFLICT',
    'it is more than the limit of memory; at most that is wanted',
  );
}

function readCpuset(field: Field | undefined): string {
  const text = field?.scalarText() ?? '';
  if (field === undefined || text === '' || CPU_LIST.test(text)) return text;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no list of CPUs; a list such as 0-3,5 is wanted`);
}

/** The engine shows no limit as null, 0 or -1; here it is 0. */
function readPids(field: Field): number {
  return isUnlimited(field) ? 0 : field.count();
}

function isUnlimited(field: Field): boolean {
  if (field.node.kind !== 'scalar') return false;
  const value = readScalar(field.node);
  return value.kind === 'number' ? value.value === -1 : value.kind === 'string' && value.value.trim() === '-1';
}
