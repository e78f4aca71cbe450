import { type IpamPool, LABELS, type Network } from '@mooring/proto';
import { pairs } from '../canonical/pairs.ts';
import type { NetworkBody } from '../observe/engine.ts';
import type { ApplyParts } from './apply-parts.ts';
import { composeResourceLabels } from './make-container.ts';

/** Makes a network of a stack and records it as ours. */
export async function createNetwork(parts: ApplyParts, stack: string, network: Network): Promise<void> {
  const { key, specDigest, labels } = network;
  const body = {
    ...networkBody(network),
    Labels: resourceLabels(parts, 'network', { stack, key, specDigest, labels }),
  };
  const id = await parts.engine.createNetwork(body);
  parts.record.remember({ kind: 'network', id, stack, key, specDigest });
}

/** Body of NetworkCreate (Engine API 1.41), apart from labels. */
export function networkBody(network: Network): NetworkBody {
  const { name, driver, internal, attachable, driverOptions, enableIpv6, enableIpv4, ipam } = network;
  return {
    Name: name,
    Driver: driver || 'bridge',
    Internal: internal,
    ...(attachable ? { Attachable: true } : {}),
    ...(driverOptions.length === 0 ? {} : { Options: pairs(driverOptions) }),
    ...(enableIpv6 === undefined ? {} : { EnableIPv6: enableIpv6 }),
    ...(enableIpv4 === undefined ? {} : { EnableIPv4: enableIpv4 }),
    ...(ipam === undefined
      ? {}
      : { IPAM: { Driver: ipam.driver || 'default', Options: pairs(ipam.options), Config: ipam.pools.map(poolBody) } }),
  };
}

function poolBody({ subnet, gateway, ipRange, auxiliaryAddresses }: IpamPool): Readonly<Record<string, unknown>> {
  return {
    Subnet: subnet,
    ...(gateway === '' ? {} : { Gateway: gateway }),
    ...(ipRange === '' ? {} : { IPRange: ipRange }),
    ...(auxiliaryAddresses.length === 0 ? {} : { AuxiliaryAddresses: pairs(auxiliaryAddresses) }),
  };
}

/** What the labels of a network or volume say. */
interface Resource {
  readonly stack: string;
  readonly key: string;
  readonly specDigest: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
}

/** The user's labels, docker compose's and ours. */
export function resourceLabels(
  { fleetId }: ApplyParts,
  kind: 'network' | 'volume',
  resource: Resource,
): Record<string, string> {
  const { stack, key, specDigest, labels } = resource;
  return {
    ...pairs(labels),
    ...composeResourceLabels(kind, stack, key),
    [LABELS.fleet]: fleetId,
    [LABELS.stack]: stack,
    [LABELS.key]: key,
    [LABELS.spec]: specDigest,
  };
}
