import { readLabels } from './environment.ts';
import type { Field } from './field.ts';
import { readAddress, readIpam } from './ipam.ts';
import { checkKeys } from './known-keys.ts';
import type { Network, NetworkAttachment, Volume } from './model.ts';
import { readPairs } from './pairs.ts';
import { ATTACHMENT_KEYS, NETWORK_KEYS, VOLUME_KEYS } from './specification.ts';

/** The network of services that name none. */
const DEFAULT_NETWORK = 'default';

/** `networks` of a service: the one with the highest priority first, which makes it primary, the others sorted by key. */
export function readAttachments(service: Field, defined: ReadonlySet<string>): readonly NetworkAttachment[] {
  const entries = service.get('networks')?.entries() ?? [];
  const mac = service.get('mac_address');
  if (entries.length === 0) return withMac([{ ...NOTHING_SAID, network: DEFAULT_NETWORK }], mac);
  const attachments = entries.map(({ key, value }) => {
    if (key !== DEFAULT_NETWORK && !defined.has(key)) {
      throw value.refusal(
        'COMPOSE_UNDEFINED_NETWORK',
        `network "${key}" is not defined; an entry under top-level networks is wanted`,
        `Add "networks: { ${key}: }".`,
      );
    }
    checkKeys(value, ATTACHMENT_KEYS);
    return { attachment: readAttachment(key, value), priority: value.get('priority')?.integer() ?? 0 };
  });
  attachments.sort((a, b) => (a.attachment.network < b.attachment.network ? -1 : 1));
  const highest = Math.max(...attachments.map(({ priority }) => priority));
  const primary = attachments.find(({ priority }) => priority === highest)?.attachment;
  const others = attachments.map(({ attachment }) => attachment).filter((attachment) => attachment !== primary);
  return withMac(primary === undefined ? others : [primary, ...others], mac);
}

/** The address of a service is that of its primary network, as docker compose sends it. Throws COMPOSE_CONFLICT where that says another. */
function withMac(attachments: readonly NetworkAttachment[], field: Field | undefined): readonly NetworkAttachment[] {
  const [primary, ...others] = attachments;
  const macAddress = readMac(field);
  if (primary === undefined || field === undefined || macAddress === '') return attachments;
  if (primary.macAddress === '' || primary.macAddress === macAddress) return [{ ...primary, macAddress }, ...others];
  throw field.refusal(
    'COMPOSE_CONFLICT',
    `network "${primary.network}" says ${primary.macAddress}, and it is ${macAddress}; one of them is wanted`,
  );
}

/** In lower case, with colons. Throws COMPOSE_VALUE. */
function readMac(field: Field | undefined): string {
  const text = field?.text() ?? '';
  if (field === undefined || text === '') return '';
  const mac = text.toLowerCase().replaceAll('-', ':');
  if (/^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/.test(mac)) return mac;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no MAC address; six bytes such as 02:42:ac:11:00:02 are wanted`);
}

/** Name under which a driver hears of the interface's name (docker compose, createEndpointSettings). */
const INTERFACE_OPTION = 'com.docker.network.endpoint.ifname';
/** What the kernel takes (netdevice(7)), and no path. */
const INTERFACE_NAME = /^[^\s/:]{1,15}$/;

/** Options of the driver, without the one that names the interface; docker compose prefers that one too. */
function readDriver(field: Field): Pick<NetworkAttachment, 'driverOptions' | 'interfaceName'> {
  const options = readPairs(field.get('driver_opts'));
  const own = field.get('interface_name');
  const interfaceName = options.find(({ name }) => name === INTERFACE_OPTION)?.value ?? own?.text() ?? '';
  if (interfaceName !== '' && !INTERFACE_NAME.test(interfaceName))
    throw (own ?? field).refusal(
      'COMPOSE_VALUE',
      `"${interfaceName}" is no name of an interface; at most 15 characters without "/" and ":" are wanted`,
    );
  return { driverOptions: options.filter(({ name }) => name !== INTERFACE_OPTION), interfaceName };
}

/** The protocol keeps 32 bits with a sign. */
const MOST_PRIORITY = 2 ** 31 - 1;

function readPriority(field: Field | undefined): number {
  const priority = field === undefined || field.isNull ? 0 : field.integer();
  if (field === undefined || Math.abs(priority) <= MOST_PRIORITY) return priority;
  throw field.refusal('COMPOSE_QUANTITY', `it is ${priority}; a number of at most ${MOST_PRIORITY} is wanted`);
}

const NOTHING_SAID = {
  aliases: [],
  ipv4Address: '',
  ipv6Address: '',
  linkLocalIps: [],
  driverOptions: [],
  gatewayPriority: 0,
  interfaceName: '',
  macAddress: '',
} as const;

function readAttachment(network: string, field: Field): NetworkAttachment {
  const aliases = (field.get('aliases')?.items() ?? []).map((alias) => alias.text());
  const linkLocalIps = (field.get('link_local_ips')?.items() ?? []).map((address) => readAddress(address));
  return {
    network,
    aliases: [...new Set(aliases)].sort(),
    ipv4Address: readAddress(field.get('ipv4_address'), 4),
    ipv6Address: readAddress(field.get('ipv6_address'), 6),
    linkLocalIps: [...new Set(linkLocalIps)].sort(),
    ...readDriver(field),
    gatewayPriority: readPriority(field.get('gw_priority')),
    macAddress: readMac(field.get('mac_address')),
  };
}

/** Top-level `networks`, of which only those in `used` are kept, and the implicit default one where a service uses it. */
export function readNetworks(field: Field | undefined, stack: string, used: ReadonlySet<string>): readonly Network[] {
  const networks = (field?.entries() ?? []).map(({ key, value }): Network => {
    checkKeys(value, NETWORK_KEYS);
    return {
      key,
      ...namedResource(value, stack, key),
      internal: value.get('internal')?.boolean() ?? false,
      attachable: value.get('attachable')?.boolean() ?? false,
      enableIpv6: value.get('enable_ipv6')?.boolean(),
      enableIpv4: value.get('enable_ipv4')?.boolean(),
      ipam: readIpam(value.get('ipam')),
    };
  });
  if (used.has(DEFAULT_NETWORK) && !networks.some(({ key }) => key === DEFAULT_NETWORK)) {
    networks.push({
      key: DEFAULT_NETWORK,
      name: `${stack}_${DEFAULT_NETWORK}`,
      external: false,
      driver: '',
      internal: false,
      attachable: false,
      driverOptions: [],
      enableIpv6: undefined,
      enableIpv4: undefined,
      ipam: undefined,
      labels: [],
    });
  }
  return networks.filter(({ key }) => used.has(key)).sort(byKey);
}

/** Top-level `volumes`, of which a service need not use all. */
export function readVolumes(field: Field | undefined, stack: string): readonly Volume[] {
  const volumes = (field?.entries() ?? []).map(({ key, value }): Volume => {
    checkKeys(value, VOLUME_KEYS);
    return { key, ...namedResource(value, stack, key) };
  });
  return volumes.sort(byKey);
}

function namedResource(field: Field, stack: string, key: string): Omit<Volume, 'key'> {
  const { external, externalName } = readExternal(field);
  const name = field.get('name')?.text() ?? externalName ?? (external ? key : `${stack}_${key}`);
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw field.refusal(
      'NAME_INVALID',
      `its name "${name}" is not taken by the engine; [a-zA-Z0-9][a-zA-Z0-9_.-]* is wanted`,
    );
  return {
    name,
    external,
    driver: field.get('driver')?.text() ?? '',
    driverOptions: readPairs(field.get('driver_opts')),
    labels: readLabels(field.get('labels')),
  };
}

/** Keys that an external network or volume may have: nothing is made of it. */
const EXTERNAL_KEYS = ['external', 'name'];

/** `external: true`, or the older `external: { name: ... }`. Throws COMPOSE_CONFLICT beside what only making it would need. */
function readExternal(field: Field): { readonly external: boolean; readonly externalName?: string | undefined } {
  const external = field.get('external');
  if (external === undefined || external.isNull) return { external: false };
  const isMapping = external.node.kind === 'mapping';
  if (isMapping) external.onlyKeys(['name']);
  if (!isMapping && !external.boolean()) return { external: false };
  const other = field.entries().find(({ key }) => !EXTERNAL_KEYS.includes(key) && !key.startsWith('x-'));
  if (other !== undefined)
    throw other.value.refusal(
      'COMPOSE_CONFLICT',
      'it stands beside external, which is made by others; one of them is wanted',
    );
  return { external: true, externalName: isMapping ? external.get('name')?.text() : undefined };
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : 1;
}
