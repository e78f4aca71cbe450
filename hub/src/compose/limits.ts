import type { Field } from './field.ts';
import type { Limits } from './model.ts';
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
  const memoryBytes = agreed(service, [
    ['mem_limit', service.get('mem_limit'), readMemory],
    ['deploy.resources.limits.memory', limits?.get('memory'), readMemory],
  ]);
  return {
    memoryBytes,
    memorySwapBytes: readSwap(service.get('memswap_limit'), memoryBytes),
    memoryReservationBytes: readReservation(service, memoryBytes),
    nanoCpus: agreed(service, [
      ['cpus', service.get('cpus'), readNanoCpus],
      ['deploy.resources.limits.cpus', limits?.get('cpus'), readNanoCpus],
    ]),
    cpuShares: service.get('cpu_shares')?.count() ?? 0,
    cpuset: readCpuset(service.get('cpuset')),
    pidsLimit: agreed(service, [
      ['pids_limit', service.get('pids_limit'), readPids],
      ['deploy.resources.limits.pids', limits?.get('pids'), readPids],
    ]),
    shmSizeBytes: service.get('shm_size') === undefined ? 0 : readBytes(service.get('shm_size') ?? service),
    ulimits: readUlimits(service.get('ulimits')),
  };
}

/** A quantity that can be written in two places; 0: in none. */
function agreed(
  service: Field,
  places: readonly (readonly [name: string, field: Field | undefined, read: (field: Field) => number])[],
): number {
  const said = places.flatMap(([name, field, read]) =>
    field === undefined || field.isNull ? [] : [{ name, value: read(field) }],
  );
  const [first, second] = said;
  if (first !== undefined && second !== undefined && first.value !== second.value)
    throw service.refusal('COMPOSE_CONFLICT', `${first.name} and ${second.name} differ; one of them is wanted`);
  return first?.value ?? 0;
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
  const bytes = agreed(service, [
    ['mem_reservation', service.get('mem_reservation'), readMemory],
    ['deploy.resources.reservations.memory', reserved, readMemory],
  ]);
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
