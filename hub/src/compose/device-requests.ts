import { readCdiNames } from './devices.ts';
import type { Field } from './field.ts';
import type { DeviceRequest } from './model.ts';
import { readPairs } from './pairs.ts';

const KEYS = ['capabilities', 'count', 'device_ids', 'driver', 'options'] as const;
/** What `gpus` asks for beside what it says (docker compose, getDeployResources). */
const GPU = 'gpu';
const ALL = -1;
const NO_REQUEST: DeviceRequest = { driver: '', count: 0, deviceIds: [], capabilities: [], options: [] };

/**
 * Devices that a driver of the engine provides: those reserved below `deploy`, those by their CDI names, then `gpus`, in the order in which docker
 * compose asks for them.
 * Throws COMPOSE_VALUE, COMPOSE_QUANTITY and COMPOSE_CONFLICT.
 */
export function readDeviceRequests(service: Field): readonly DeviceRequest[] {
  const reserved = service.get('deploy')?.get('resources')?.get('reservations')?.get('devices');
  const named = readCdiNames(service.get('devices'));
  return [
    ...(reserved?.items() ?? []).map(readReservation),
    ...(named.length === 0 ? [] : [{ ...NO_REQUEST, driver: 'cdi', deviceIds: named }]),
    ...readGpus(service.get('gpus')),
  ];
}

function readReservation(field: Field): DeviceRequest {
  const request = readRequest(field);
  if (request.capabilities.length > 0) return request;
  throw field.refusal('COMPOSE_VALUE', 'it says no capabilities; a list such as [gpu] is wanted');
}

/** `all`, or a list of requests. */
function readGpus(field: Field | undefined): readonly DeviceRequest[] {
  if (field === undefined || field.isNull) return [];
  if (field.node.kind !== 'scalar') return field.items().map((item) => withGpu(readRequest(item)));
  if (field.text() === 'all') return [withGpu({ ...NO_REQUEST, count: ALL })];
  throw field.refusal('COMPOSE_VALUE', `"${field.text()}" is unknown; "all" or a list is wanted`);
}

function withGpu({ capabilities, ...request }: DeviceRequest): DeviceRequest {
  return { ...request, capabilities: [...capabilities, GPU] };
}

/** Without a number and without names all are asked for. */
function readRequest(field: Field): DeviceRequest {
  field.onlyKeys(KEYS);
  const [count, ids] = [field.get('count'), field.get('device_ids')];
  if (count !== undefined && ids !== undefined)
    throw count.refusal('COMPOSE_CONFLICT', 'it stands beside device_ids; one of them is wanted');
  return {
    driver: field.get('driver')?.text() ?? '',
    count: count === undefined ? impliedCount(ids) : readCount(count),
    deviceIds: (ids?.items() ?? []).map((id) => id.scalarText()),
    capabilities: (field.get('capabilities')?.items() ?? []).map((capability) => capability.text()),
    options: readPairs(field.get('options')),
  };
}

function impliedCount(ids: Field | undefined): number {
  return ids === undefined ? ALL : 0;
}

function readCount(field: Field): number {
  if (field.node.kind === 'scalar' && field.node.text === 'all') return ALL;
  const count = field.integer();
  return count === ALL ? count : field.count();
}
