import { isIP } from 'node:net';
import type { Field } from './field.ts';
import type { Ipam, IpamPool } from './model.ts';
import { readPairs } from './pairs.ts';

/** `ipam` of a network; undefined where it says nothing. Throws COMPOSE_VALUE. */
export function readIpam(field: Field | undefined): Ipam | undefined {
  if (field === undefined || field.isNull) return undefined;
  field.onlyKeys(['driver', 'config', 'options']);
  const pools = (field.get('config')?.items() ?? []).map(readPool);
  const ipam = {
    driver: field.get('driver')?.text() ?? '',
    options: readPairs(field.get('options')),
    pools: pools.sort((a, b) => (a.subnet < b.subnet ? -1 : 1)),
  };
  const silent = ipam.driver === '' && ipam.options.length === 0 && pools.length === 0;
  return silent ? undefined : ipam;
}

function readPool(field: Field): IpamPool {
  field.onlyKeys(['subnet', 'gateway', 'ip_range', 'aux_addresses']);
  const subnet = field.get('subnet');
  if (subnet === undefined || subnet.isNull)
    throw field.refusal('COMPOSE_VALUE', 'it names no subnet; one such as 10.5.0.0/16 is wanted');
  const auxiliary = field.get('aux_addresses');
  for (const { value } of auxiliary?.entries() ?? []) readAddress(value);
  return {
    subnet: readPrefix(subnet),
    gateway: readAddress(field.get('gateway')),
    ipRange: readPrefix(field.get('ip_range')),
    auxiliaryAddresses: readPairs(auxiliary),
  };
}

function readPrefix(field: Field | undefined): string {
  const text = field?.text() ?? '';
  if (field === undefined || text === '') return '';
  const [address = '', bits = ''] = text.split('/');
  const most = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most && text === `${address}/${bits}`)
    return text;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no range of addresses; one such as 10.5.0.0/16 is wanted`);
}

/** An IP address of the given family, or of any. Empty where nothing is said. Throws COMPOSE_VALUE. */
export function readAddress(field: Field | undefined, family?: 4 | 6): string {
  const text = field?.text() ?? '';
  if (field === undefined || text === '') return '';
  const found = isIP(text);
  if (found !== 0 && (family === undefined || found === family)) return text;
  throw field.refusal(
    'COMPOSE_VALUE',
    `"${text}" is no IP${family === undefined ? '' : `v${family}`} address; one is wanted`,
  );
}
