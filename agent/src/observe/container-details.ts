import type Docker from 'dockerode';
import type { Address, ContainerDetails } from './engine.ts';
import type { InspectedEndpoint } from './inspected.ts';

// Names that the engine gives volumes nobody named: 64 hex digits.
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** What the agent takes from ContainerInspect. */
export function containerDetails(inspected: Docker.ContainerInspectInfo): ContainerDetails {
  const { Id, Name, Config, State, HostConfig, Image, Mounts } = inspected;
  const Networks = inspected.NetworkSettings?.Networks;
  const startedAtMs = Date.parse(State.StartedAt);
  return {
    id: Id,
    name: Name.slice(1),
    labels: Config.Labels ?? {},
    image: Config.Image,
    imageId: Image,
    status: State.Status,
    health: healthOf(State.Health?.Status),
    exitCode: State.ExitCode,
    // The engine's zero time is in the year 1.
    startedAtMs: startedAtMs > 0 ? startedAtMs : 0,
    restarts: inspected.RestartCount ?? 0,
    // Unset reads back as "" on 20.10 and as "no" on later engines.
    restartPolicy: HostConfig.RestartPolicy?.Name || 'no',
    ports: portsOf(HostConfig.PortBindings).map(({ text }) => text),
    hostPorts: portsOf(HostConfig.PortBindings).flatMap(({ held }) => (held === '' ? [] : [held])),
    addresses: addressesOf(inspected.NetworkSettings?.Networks),
    anonymousVolumes: Mounts.filter(({ Type, Name: name }) => Type === 'volume' && ANONYMOUS.test(name ?? '')).map(
      (mount) => ({ target: mount.Destination, name: mount.Name ?? '' }),
    ),
    error: State.Error,
    // What is read of it, and no more: what health checks printed alone may be more than all of that.
    inspected: { Id, Name, Image, Config, HostConfig: { ...HostConfig }, NetworkSettings: { Networks }, Mounts },
  };
}

/** Addresses that a container holds on its networks, as lists and inspects tell them. */
export function addressesOf(
  networks: Readonly<Record<string, InspectedEndpoint>> | null | undefined,
): readonly Address[] {
  return Object.values(networks ?? {}).flatMap(({ NetworkID = '', IPAddress = '', GlobalIPv6Address = '' }) =>
    [IPAddress, GlobalIPv6Address].flatMap((address) => (address === '' ? [] : [{ network: NetworkID, address }])),
  );
}

function healthOf(status: string | undefined): string {
  return status === undefined || status === 'none' ? '' : status;
}

interface HostPort {
  /** As people write it. */
  readonly text: string;
  /** Port and protocol; empty: the engine chooses. */
  readonly held: string;
}

function portsOf(bindings: unknown): readonly HostPort[] {
  if (typeof bindings !== 'object' || bindings === null) return [];
  const ports = Object.entries(bindings).flatMap(([port, hosts]: [string, unknown]) =>
    (Array.isArray(hosts) ? hosts : []).map(({ HostIp, HostPort = '' }: { HostIp?: string; HostPort?: string }) => ({
      text: `${HostIp || '0.0.0.0'}:${HostPort || '*'}->${port}`,
      held: /^\d+$/.test(HostPort) ? `${HostPort}/${port.split('/')[1] ?? 'tcp'}` : '',
    })),
  );
  return ports.sort((a, b) => (a.text < b.text ? -1 : 1));
}
