import { recordOf } from '../canonical/outside-data.ts';
import type { NetworkBody, NetworkDetails } from './engine.ts';
import type { InspectedNetwork } from './inspected.ts';

/** A network as the engine in memory keeps it. */
export interface HeldNetwork extends NetworkDetails {
  readonly labels: Readonly<Record<string, string>>;
}

/** A network as engine 28 lists it. It gets a subnet of its own, by its number, where none is asked for. */
export function echoedNetwork(body: NetworkBody, number: number): InspectedNetwork {
  const pool = `172.30.${number}`;
  const { Driver, Options, IPAM } = body;
  return {
    Driver,
    Internal: body['Internal'] === true,
    Attachable: body['Attachable'] === true,
    EnableIPv6: body['EnableIPv6'] === true,
    EnableIPv4: body['EnableIPv4'] !== false,
    // Whoever makes one writes texts.
    Options: { ...recordOf(Options) } as Record<string, string>,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: [{ Subnet: `${pool}.0/24`, Gateway: `${pool}.1` }],
      ...recordOf(IPAM),
    },
  };
}
