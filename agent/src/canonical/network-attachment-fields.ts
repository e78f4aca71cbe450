import type { InspectedContainer, InspectedEndpoint } from '../observe/inspected.ts';
import type { Naming } from './container-fields.ts';
import type { FieldsBuilder } from './fields.ts';
import { numberOf, textRecordOf } from './outside-data.ts';

/** Networks of the engine that are modes, not networks that one attaches to. */
const MODES: ReadonlySet<string> = new Set(['host', 'none', 'bridge']);
/** Names under which containers stand while they replace or are replaced. */
const PASSING_NAME = /-(?:kept|new)-[0-9a-f]{12}$/;

/** The mode, or one field a network: that the container is on it, and with which names and addresses. */
export function addNetworks(fields: FieldsBuilder, inspected: InspectedContainer, naming: Naming): void {
  const mode = String(inspected.HostConfig['NetworkMode'] ?? '');
  fields.text('network_mode', modeText(mode));
  const primary = primaryOf(mode, inspected, naming);
  fields.text('networks', primary);
  for (const [name, endpoint] of Object.entries(inspected.NetworkSettings?.Networks ?? {})) {
    // What the mode says is not said twice; a container of other networks that somebody put on the engine's own bridge is on it.
    if (MODES.has(name) && modeText(mode) !== '') continue;
    const path = `networks.${naming.networkKey(name) ?? name}`;
    fields.text(path, attachmentText(name, endpoint, naming));
    fields.set(`${path}.aliases`, aliasesOf(inspected, endpoint));
    const { IPv4Address, IPv6Address, LinkLocalIPs } = endpoint.IPAMConfig ?? {};
    fields.text(`${path}.ipv4_address`, IPv4Address).text(`${path}.ipv6_address`, IPv6Address);
    fields.set(`${path}.link_local_ips`, LinkLocalIPs);
    fields.text(`${path}.mac_address`, macOf(name, endpoint, inspected));
    addDriver(fields, path, textRecordOf(endpoint.DriverOpts));
    fields.number(`${path}.gw_priority`, numberOf(endpoint.GwPriority)).set(`${path}.links`, endpoint.Links);
  }
}

/** What is told while it runs; of what stands still an engine tells the address of the primary network alone, and only where one was asked for. */
function macOf(
  name: string,
  { MacAddress = '' }: InspectedEndpoint,
  { Config, HostConfig }: InspectedContainer,
): string {
  if (MacAddress !== '') return MacAddress.toLowerCase();
  return HostConfig['NetworkMode'] === name ? (Config.MacAddress ?? '').toLowerCase() : '';
}

/** Option by which a driver hears the name of the interface (docker compose, createEndpointSettings). */
export const INTERFACE_OPTION = 'com.docker.network.endpoint.ifname';

/** Options of the driver, as one field: their names have dots. The name of the interface is one of them. */
export function addDriver(fields: FieldsBuilder, path: string, options: Readonly<Record<string, string>>): void {
  const { [INTERFACE_OPTION]: name, ...others } = options;
  const texts = Object.entries(others).map(([option, value]) => `${option}=${value}`);
  fields.text(`${path}.interface_name`, name).set(`${path}.driver_opts`, texts);
}

/** Where networks are listed, the mode repeats the first one's name or id. Unset is "default" on 20.10 and "bridge" on later engines. */
function modeText(mode: string): string {
  if (mode === 'default') return 'bridge';
  return MODES.has(mode) || mode.startsWith('container:') ? mode : '';
}

/** The network that gives the container its gateway, by key; the mode names it, or bears its id. */
function primaryOf(mode: string, { NetworkSettings }: InspectedContainer, naming: Naming): string {
  if (modeText(mode) !== '') return '';
  const byId = Object.entries(NetworkSettings?.Networks ?? {}).filter(([, { NetworkID }]) => NetworkID === mode);
  const [name = mode] = byId.map(([found]) => found).sort();
  return naming.networkKey(name) ?? name;
}

/** What an attachment says where all is well. */
export const ATTACHED = 'attached';

/** A network that was made anew under the same name is another one; a container that never ran knows none yet. */
function attachmentText(name: string, { NetworkID = '' }: InspectedEndpoint, naming: Naming): string {
  const current = naming.networkId(name);
  return NetworkID === '' || current === undefined || NetworkID === current
    ? ATTACHED
    : 'attached to a network that is gone';
}

/**
 * Names of a container on a network beside its hostname and its short id: every engine answers to these two, and 20.10 lists them among the aliases.
 * Names of a passing moment stay from a replacement.
 */
function aliasesOf({ Id, Config }: InspectedContainer, { Aliases }: InspectedEndpoint): readonly string[] {
  const implied = [Id.slice(0, 12), Config.Hostname];
  return (Aliases ?? []).filter((alias) => !implied.includes(alias) && !PASSING_NAME.test(alias));
}
