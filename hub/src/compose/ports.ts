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

/**
 * `ports`: the short form with ranges, and the long form; and `expose`, of which what is published already is left out. Throws COMPOSE_PORT.
 * Repeated ones collapse.
 */
export function readPorts(field: Field | undefined, exposed: Field | undefined): readonly Port[] {
  if (field === undefined && exposed === undefined) return [];
  const published = readEach(field, readPort);
  const known = new Set(published.map(containerSide));
  const only = readEach(exposed, readExposed).filter((port) => !known.has(containerSide(port)));
  if (exposed !== undefined && published.length + only.length > MAX_PORTS) throw tooMany(exposed);
  return [...published, ...only].sort(byPort);
}

function readEach(field: Field | undefined, read: (item: Field) => readonly Port[]): readonly Port[] {
  const ports = new Map<string, Port>();
  let count = 0;
  for (const item of field?.items() ?? []) {
    const found = read(item);
    count += found.length;
    if (count > MAX_PORTS) throw tooMany(item);
    for (const port of found) ports.set(JSON.stringify(port), port);
  }
  return [...ports.values()];
}

function containerSide({ containerPort, protocol }: Port): string {
  return `${containerPort}/${protocol}`;
}

/** Container port or range, and perhaps a protocol. */
const EXPOSED = /^\d+(?:-\d+)?(?:\/[a-zA-Z]+)?$/;

/** One item of `expose`: ports that the host has no part in. */
function readExposed(item: Field): readonly Port[] {
  const text = item.scalarText();
  if (!EXPOSED.test(text))
    throw item.refusal('COMPOSE_PORT', `"${text}" is no port to expose; "80", "80/udp" or "80-90" is wanted`);
  return readPort(item).map((port) => ({ ...port, published: false }));
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
  const hostPorts = host === '' || host === '0' ? undefined : rangeOf(field, host);
  const { length } = containerPorts;
  if (length > MAX_PORTS) throw tooMany(field);
  if (length > 1 && hostPorts !== undefined && hostPorts.length !== length)
    throw field.refusal('COMPOSE_PORT', `its ranges ${host} and ${container} differ in length; equal ones are wanted`);
  return Array.from({ length }, (_, index) => ({
    containerPort: containerPorts.first + index,
    protocol,
    hostAddress,
    hostPort: hostText(hostPorts, length > 1 ? index : undefined),
    published: true,
  }));
}

function hostText(ports: Ports | undefined, index: number | undefined): string {
  if (ports === undefined) return '';
  if (index !== undefined || ports.length === 1) return String(ports.first + (index ?? 0));
  return `${ports.first}-${ports.first + ports.length - 1}`;
}

/** Ports that follow each other. */
interface Ports {
  readonly first: number;
  readonly length: number;
}

function rangeOf(field: Field, text: string): Ports {
  const [first = Number.NaN, last = first] = text
    .split('-')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  if (!(first >= 1 && last <= HIGHEST_PORT && first <= last)) {
    throw field.refusal('COMPOSE_PORT', `"${text}" is out of range; ports from 1 to ${HIGHEST_PORT} are wanted`);
  }
  return { first, length: last - first + 1 };
}

function tooMany(field: Field) {
  return field.refusal('COMPOSE_PORT', `the service has more than ${MAX_PORTS} ports; fewer are wanted`);
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
