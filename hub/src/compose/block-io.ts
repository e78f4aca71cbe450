import type { Field } from './field.ts';
import type { BlockIo, DeviceRate } from './limits-model.ts';
import { readBytes } from './quantities.ts';

const KEYS = [
  'device_read_bps',
  'device_read_iops',
  'device_write_bps',
  'device_write_iops',
  'weight',
  'weight_device',
] as const;
/** What the engine takes for a share; 0 is its own default (Engine API, BlkioWeight). */
const WEIGHTS = { least: 10, most: 1000 } as const;

/** `blkio_config`; undefined where it says nothing. Throws COMPOSE_VALUE and COMPOSE_QUANTITY. */
export function readBlockIo(field: Field | undefined): BlockIo | undefined {
  if (field === undefined) return undefined;
  field.onlyKeys(KEYS);
  const weight = field.get('weight');
  const read: BlockIo = {
    weight: weight === undefined || weight.isNull ? 0 : readWeight(weight),
    weightDevices: readDevices(field.get('weight_device'), 'weight', readWeight),
    readBytes: readDevices(field.get('device_read_bps'), 'rate', readBytes),
    writeBytes: readDevices(field.get('device_write_bps'), 'rate', readBytes),
    readOperations: readDevices(field.get('device_read_iops'), 'rate', readBytes),
    writeOperations: readDevices(field.get('device_write_iops'), 'rate', readBytes),
  };
  const { weight: share, ...lists } = read;
  return share === 0 && Object.values(lists).every((list) => list.length === 0) ? undefined : read;
}

function readWeight(field: Field): number {
  const weight = field.integer();
  if (weight === 0 || (weight >= WEIGHTS.least && weight <= WEIGHTS.most)) return weight;
  throw field.refusal(
    'COMPOSE_QUANTITY',
    `it is ${weight}; a number from ${WEIGHTS.least} to ${WEIGHTS.most} is wanted`,
  );
}

/** A list of devices, each with one number. */
function readDevices(
  field: Field | undefined,
  key: 'weight' | 'rate',
  read: (field: Field) => number,
): readonly DeviceRate[] {
  return (field?.items() ?? []).map((item) => {
    item.onlyKeys(['path', key]);
    const [path, rate] = [item.get('path'), item.get(key)];
    if (path === undefined || rate === undefined)
      throw item.refusal('COMPOSE_VALUE', `it lacks a part; path and ${key} are wanted`);
    if (!path.text().startsWith('/'))
      throw path.refusal('COMPOSE_VALUE', `"${path.text()}" is no device; a path such as /dev/sda is wanted`);
    return { path: path.text(), rate: read(rate) };
  });
}
