import { isIP } from 'node:net';
import type { Field } from './field.ts';
import type { NameResolution } from './model.ts';

/** An address of the host, which each engine fills in for itself. */
const HOST_GATEWAY = 'host-gateway';

/** How a service's containers find addresses. `extra_hosts` was written as a list before merging. */
export function readNameResolution(service: Field): NameResolution {
  const hosts = (service.get('extra_hosts')?.items() ?? []).map(readExtraHost);
  return {
    extraHosts: [...once(hosts)].sort(),
    dns: readServers(service.get('dns')),
    dnsOptions: once(service.get('dns_opt')?.texts() ?? []),
    dnsSearch: once(service.get('dns_search')?.texts() ?? []),
  };
}

/** `host=address` or `host:address`; IPv6 with or without brackets. */
function readExtraHost(field: Field): string {
  const text = field.text();
  const [, host = '', written = ''] = /^([^=:\s]+)[=:](.*)$/.exec(text) ?? [];
  const address = written.trim().replace(/^\[(.*)\]$/, '$1');
  if (host !== '' && (address === HOST_GATEWAY || isIP(address) !== 0)) return `${host}:${address}`;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no host and address; "host=10.0.0.1" or the like is wanted`);
}

function readServers(field: Field | undefined): readonly string[] {
  const servers = field?.texts() ?? [];
  const wrong = servers.find((server) => isIP(server) === 0);
  if (field !== undefined && wrong !== undefined)
    throw field.refusal('COMPOSE_VALUE', `"${wrong}" is no IP address; one of a name server is wanted`);
  return once(servers);
}

function once(values: readonly string[]): readonly string[] {
  return values.length === 0 ? values : [...new Set(values)];
}
