import { isIP } from 'node:net';
import type { Field } from './field.ts';
import type { Port } from './model.ts';

const PORT_KEYS = ['target', 'published', 'protocol', 'host_ip', 'mode', 'name', 'app_protocol'] as const;
const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
/** `[address:][host port or range:]container port or range[/protocol]`; IPv6 addresses in brackets. */
const SHORT =
  /^(?:(?:\[([0-9a-fA-F:.%]+)\]|(\d+\.\d+\.\d+\.\d+)):)?(?:(\d*|\d+-\d+):)?(\d+|\d+-\d+)(?:\/([a-zA-Z]+))?$/;
const HIGHEST_PORT = 65_535;
/** Ports of one service: the widest ranges of media servers have ten thousand. */
const MAX_PORTS = 20_000;

/** `ports`: the short form with ranges, and the long form. Throws COMPOSE_PORT. Repeated ones collapse. */
export function readPorts(field: Field | undefined): readonly Port[] {
  const ports = new Map<string, Port>();
  for (const item of field?.items() ?? []) {
    for (const port of readPort(item)) ports.set(JSON.stringify(port), port);
    if (ports.size > MAX_PORTS)
      throw item.refusal('COMPOSE_PORT', `the service has more than ${MAX_PORTS} ports; fewer are wanted`);
  }
  return [...ports.values()].sort(byPort);
}

/** What one item of `ports` publishes; ranges give one port each. */
export function readPort(item: Field): readonly Port[] {
  return item.node.kind === 'mapping' ? longForm(item) : shortForm(item);
}

function shortForm(field: Field): readonly Port[] {
  const text = field.scalarText();
  const [found, v6, v4, host = '', container = '', protocol = 'tcp'] = SHORT.exec(text) ?? [];
  const hostAddress = v6 ?? v4 ?? '';
  if (found === undefined || (hostAddress !== '' && isIP(hostAddress) === 0)) {
    throw field.refusal(
      'COMPOSE_PORT',
      `"${text}" is no port; "8080:80", "127.0.0.1:8080:80/tcp" or the like is wanted`,
    );
  }
  return paired(field, { hostAddress, host, container, protocol: readProtocol(field, protocol) });
}

function longForm(field: Field): readonly Port[] {
  field.onlyKeys(PORT_KEYS);
  const target = field.get('target');
  if (target === undefined)
    throw field.refusal('COMPOSE_PORT', 'it names no target; the port inside the container is wanted');
  const mode = field.get('mode')?.text() ?? 'ingress';
  if (mode !== 'ingress' && mode !== 'host')
    throw field.refusal('COMPOSE_PORT', `its mode "${mode}" is unknown; ingress or host is wanted`);
  const hostAddress = field.get('host_ip')?.text() ?? '';
  if (hostAddress !== '' && isIP(hostAddress) === 0)
    throw field.refusal('COMPOSE_PORT', `"${hostAddress}" is no IP address; one is wanted`);
  const protocol = readProtocol(field, field.get('protocol')?.text() ?? 'tcp');
  return paired(field, {
    hostAddress,
    host: field.get('published')?.scalarText() ?? '',
    container: target.scalarText(),
    protocol,
  });
}

interface PortRange {
  readonly hostAddress: string;
  readonly host: string;
  readonly container: string;
  readonly protocol: Port['protocol'];
}

/** Ranges on both sides pair up; a host range for one container port stays a range, from which the engine chooses. */
function paired(field: Field, { hostAddress, host, container, protocol }: PortRange): readonly Port[] {
  const containerPorts = rangeOf(field, container);
  // Port 0 asks the engine for any.
  const hostPorts = host === '' || host === '0' ? [] : rangeOf(field, host);
  const single = containerPorts.length === 1;
  if (!single && hostPorts.length > 0 && hostPorts.length !== containerPorts.length) {
    throw field.refusal('COMPOSE_PORT', `its ranges ${host} and ${container} differ in length; equal ones are wanted`);
  }
  return containerPorts.map((containerPort, index) => ({
    containerPort,
    protocol,
    hostAddress,
    hostPort: single ? rangeText(hostPorts) : String(hostPorts[index] ?? ''),
  }));
}

function rangeText(ports: readonly number[]): string {
  const [first = '', last = first] = [ports.at(0), ports.at(-1)];
  return first === last ? String(first) : `${first}-${last}`;
}

function rangeOf(field: Field, text: string): readonly number[] {
  const [first = Number.NaN, last = first] = text
    .split('-')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (!(first >= 1 && last <= HIGHEST_PORT && first <= last)) {
    throw field.refusal('COMPOSE_PORT', `"${text}" is out of range; ports from 1 to ${HIGHEST_PORT} are wanted`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function readProtocol(field: Field, text: string): Port['protocol'] {
  const protocol = PROTOCOLS.find((known) => known === text.toLowerCase());
  if (protocol === undefined)
    throw field.refusal('COMPOSE_PORT', `its protocol "${text}" is unknown; tcp, udp or sctp is wanted`);
  return protocol;
}

function byPort(one: Port, other: Port): number {
  return one.containerPort - other.containerPort || (textOf(one) < textOf(other) ? -1 : 1);
}

function textOf({ protocol, hostAddress, hostPort }: Port): string {
  return `${protocol} ${hostAddress} ${hostPort.padStart(5, '0')}`;
}
