import type { NetworkAttachment } from '@mooring/proto';
import type { Observed, ObservedNetwork, OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { WantedReplica } from './expectation.ts';

/** A fixed address that a replica asks for. */
export interface FixedAddress {
  /** Field of the service that names it. */
  readonly field: string;
  /** Id of the network. */
  readonly network: string;
  readonly address: string;
}

/** A fixed address that another container holds. */
export interface TakenAddress extends FixedAddress {
  /** Name of the container that holds it. */
  readonly holder: string;
}

/** Fixed addresses of a replica, on the networks that are there. */
export function fixedAddresses(
  { bundle }: DesiredStack,
  { service }: Pick<WantedReplica, 'service'>,
  networks: readonly ObservedNetwork[],
): readonly FixedAddress[] {
  const names = new Map(bundle.networks.map(({ key, name }) => [key, name]));
  const ids = new Map(networks.map(({ name, id }) => [name, id]));
  return (service.container?.networks ?? []).flatMap((attachment) => {
    const network = ids.get(names.get(attachment.network) ?? attachment.network);
    return network === undefined ? [] : addressesOf(attachment).map((one) => ({ ...one, network }));
  });
}

function addressesOf({ network, ipv4Address, ipv6Address }: NetworkAttachment) {
  const fields = { ipv4_address: ipv4Address, ipv6_address: ipv6Address };
  return Object.entries(fields)
    .filter(([, address]) => address !== '')
    .map(([name, address]) => ({ field: `networks.${network}.${name}`, address }));
}

/** The first fixed address of a replica that somebody holds who is not `own`, the container that has it or makes way for it. */
export function takenAddress(
  desired: DesiredStack,
  wanted: Pick<WantedReplica, 'service'>,
  { observed, own }: { readonly observed: Observed; readonly own: OwnContainer | undefined },
): TakenAddress | undefined {
  for (const fixed of fixedAddresses(desired, wanted, observed.networks)) {
    const holder = observed.addresses.get(addressKey(fixed));
    if (holder === undefined || holder.id === own?.id || leaves(desired, holder.id, { fixed, observed })) continue;
    return { ...fixed, holder: holder.name };
  }
  return undefined;
}

/** How an address of a network is looked up. */
export function addressKey({ network, address }: Pick<FixedAddress, 'network' | 'address'>): string {
  return `${network} ${address}`;
}

/** A container of the stack that Git gives another address on that network goes there by itself. */
function leaves(
  desired: DesiredStack,
  holder: string,
  { fixed, observed }: { readonly fixed: FixedAddress; readonly observed: Observed },
): boolean {
  const container = observed.containers.find(({ id, stack }) => id === holder && stack === desired.stack);
  const service = desired.bundle.services.find(({ name }) => name === container?.service);
  if (container === undefined || service === undefined || container.replica > service.replicas) return false;
  const others = fixedAddresses(desired, { service }, observed.networks);
  return others.some(
    ({ field, network, address }) => network === fixed.network && field === fixed.field && address !== fixed.address,
  );
}
