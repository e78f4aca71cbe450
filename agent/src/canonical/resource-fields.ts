import type { Network, Volume } from '@mooring/proto';
import type { InspectedNetwork, InspectedPool, InspectedVolume } from '../observe/inspected.ts';
import { type Fields, FieldsBuilder } from './fields.ts';
import { pairs } from './pairs.ts';

const DEFAULT_NETWORK_DRIVER = 'bridge';
const DEFAULT_VOLUME_DRIVER = 'local';

/** The canonical form that a network must have. Labels are compared too. */
export function desiredNetworkFields(network: Network): Fields {
  const fields = new FieldsBuilder();
  fields.text('driver', network.driver || DEFAULT_NETWORK_DRIVER);
  fields.flag('internal', network.internal).flag('attachable', network.attachable);
  if (network.enableIpv6 !== undefined) fields.text('enable_ipv6', String(network.enableIpv6));
  if (network.enableIpv4 !== undefined) fields.text('enable_ipv4', String(network.enableIpv4));
  fields.map('driver_opts', pairs(network.driverOptions)).map('labels', pairs(network.labels));
  fields.text('ipam.driver', network.ipam?.driver === 'default' ? '' : network.ipam?.driver);
  fields.map('ipam.options', pairs(network.ipam?.options ?? []));
  for (const { subnet, gateway, ipRange, auxiliaryAddresses } of network.ipam?.pools ?? []) {
    addPool(fields, {
      Subnet: subnet,
      Gateway: gateway,
      IPRange: ipRange,
      AuxiliaryAddresses: pairs(auxiliaryAddresses),
    });
  }
  return fields.build();
}

/**
 * The canonical form of a network as the engine shows it, as far as Compose sets anything: the engine adds pools, gateways and an answer about
 * IPv6 of its own, so that what is not desired is not compared there.
 */
export function networkFields(
  inspected: InspectedNetwork,
  labels: Readonly<Record<string, string>>,
  desired: Fields,
): Fields {
  const fields = new FieldsBuilder();
  fields.text('driver', inspected.Driver);
  fields.flag('internal', inspected.Internal).flag('attachable', inspected.Attachable);
  fields.text('enable_ipv6', String(inspected.EnableIPv6 === true));
  fields.text('enable_ipv4', String(inspected.EnableIPv4 !== false));
  fields.map('driver_opts', inspected.Options).map('labels', ofUser(labels));
  fields.text('ipam.driver', inspected.IPAM?.Driver === 'default' ? '' : inspected.IPAM?.Driver);
  fields.map('ipam.options', inspected.IPAM?.Options);
  for (const pool of inspected.IPAM?.Config ?? []) addPool(fields, pool);
  return new Map([...fields.build()].filter(([path]) => desired.has(path) || !CHOSEN_BY_ENGINE.test(path)));
}

const CHOSEN_BY_ENGINE = /^(?:ipam\.|enable_ipv[46]$|driver_opts\.)/;

function addPool(fields: FieldsBuilder, { Subnet = '', Gateway, IPRange, AuxiliaryAddresses }: InspectedPool): void {
  const path = `ipam.config.${Subnet}`;
  fields.text(path, 'present').text(`${path}.gateway`, Gateway).text(`${path}.ip_range`, IPRange);
  fields.map(`${path}.aux_addresses`, AuxiliaryAddresses);
}

/** The canonical form that a volume must have. */
export function desiredVolumeFields(volume: Volume): Fields {
  const fields = new FieldsBuilder();
  fields.text('driver', volume.driver || DEFAULT_VOLUME_DRIVER).map('driver_opts', pairs(volume.driverOptions));
  return fields.map('labels', pairs(volume.labels)).build();
}

/** The canonical form of a volume as the engine shows it. */
export function volumeFields(inspected: InspectedVolume, labels: Readonly<Record<string, string>>): Fields {
  const fields = new FieldsBuilder();
  fields.text('driver', inspected.Driver).map('driver_opts', inspected.Options);
  return fields.map('labels', ofUser(labels)).build();
}

function ofUser(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).filter(
      ([name]) => !name.startsWith('io.mooring.') && !name.startsWith('com.docker.compose.'),
    ),
  );
}
