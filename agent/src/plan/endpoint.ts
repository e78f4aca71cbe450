import type { NetworkAttachment, Service } from '@mooring/proto';
import { attachmentAliases, driverOptions } from '../canonical/desired-fields.ts';

/** What an endpoint has from its container. */
export interface EndpointOwner {
  /** The name that the container has in the end. */
  readonly name: string;
  /** As "container:alias". */
  readonly links: readonly string[];
}

/** How a container stands on a network: EndpointSettings of the Engine API (1.41, and later where something is asked that only those know). */
export function endpointOf(
  service: Service,
  attachment: NetworkAttachment,
  { name, links }: EndpointOwner,
): Readonly<Record<string, unknown>> {
  const { ipv4Address, ipv6Address, linkLocalIps, gatewayPriority, macAddress } = attachment;
  const options = driverOptions(attachment);
  const addresses = {
    ...(ipv4Address === '' ? {} : { IPv4Address: ipv4Address }),
    ...(ipv6Address === '' ? {} : { IPv6Address: ipv6Address }),
    ...(linkLocalIps.length === 0 ? {} : { LinkLocalIPs: linkLocalIps }),
  };
  return {
    Aliases: attachmentAliases(service, attachment, name),
    ...(Object.keys(addresses).length === 0 ? {} : { IPAMConfig: addresses }),
    ...(links.length === 0 ? {} : { Links: links }),
    ...(Object.keys(options).length === 0 ? {} : { DriverOpts: options }),
    ...(gatewayPriority === 0 ? {} : { GwPriority: gatewayPriority }),
    ...(macAddress === '' ? {} : { MacAddress: macAddress }),
  };
}
