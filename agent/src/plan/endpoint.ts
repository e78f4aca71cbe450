import type { NetworkAttachment, Service } from '@mooring/proto';
import { attachmentAliases } from '../canonical/desired-fields.ts';

/** How a container stands on a network: EndpointSettings of the Engine API (1.41). */
export function endpointOf(
  service: Service,
  attachment: NetworkAttachment,
  name: string,
): Readonly<Record<string, unknown>> {
  const { ipv4Address, ipv6Address, linkLocalIps } = attachment;
  const addresses = {
    ...(ipv4Address === '' ? {} : { IPv4Address: ipv4Address }),
    ...(ipv6Address === '' ? {} : { IPv6Address: ipv6Address }),
    ...(linkLocalIps.length === 0 ? {} : { LinkLocalIPs: linkLocalIps }),
  };
  return {
    Aliases: attachmentAliases(service, attachment, name),
    ...(Object.keys(addresses).length === 0 ? {} : { IPAMConfig: addresses }),
  };
}
