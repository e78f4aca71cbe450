import type Docker from 'dockerode';
import type { ContainerDetails } from './engine.ts';

// Names that the engine gives volumes nobody named: 64 hex digits.
const ANONYMOUS = /^[0-9a-f]{64}$/;

/** What the agent takes from ContainerInspect. */
export function containerDetails(inspected: Docker.ContainerInspectInfo): ContainerDetails {
  const { Id, Name, Config, State, HostConfig, Image, Mounts } = inspected;
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
    ports: portsOf(HostConfig.PortBindings),
    anonymousVolumes: Mounts.filter(({ Type, Name: name }) => Type === 'volume' && ANONYMOUS.test(name ?? '')).map(
      (mount) => ({ target: mount.Destination, name: mount.Name ?? '' }),
    ),
    error: State.Error,
  };
}

function healthOf(status: string | undefined): string {
  return status === undefined || status === 'none' ? '' : status;
}

function portsOf(bindings: unknown): readonly string[] {
  if (typeof bindings !== 'object' || bindings === null) return [];
  const texts = Object.entries(bindings).flatMap(([port, hosts]: [string, unknown]) =>
    (Array.isArray(hosts) ? hosts : []).map(
      (host: { HostIp?: string; HostPort?: string }) => `${host.HostIp || '0.0.0.0'}:${host.HostPort || '*'}->${port}`,
    ),
  );
  return texts.sort();
}
