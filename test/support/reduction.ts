import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Bundle,
  type ContainerSpec,
  DependencyCondition,
  type Healthcheck,
  type Mount,
  type Network,
  type Port,
  PullPolicy,
  type Service,
  type Volume,
} from '@mooring/proto';
import { bundleOf } from './bench-desired.ts';

const IMAGE = 'local/plain:1';
/** Programs that stand in for the real ones; the real arguments follow, so that they are compared too. */
const SLEEPS = ['/bin/sh', '-c', 'trap "exit 143" TERM INT QUIT; /bin/sleep 3600 & wait'];
const SUCCEEDS = ['/bin/sh', '-c', 'exit 0'];
/** A user by name is one of the image's; this number stands in for each. */
const SOMEBODY = '1000';
/** Between checks of what others wait for: nobody waits for half a minute here. */
const QUICK_NANOS = 2_000_000_000n;

const {
  DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY: COMPLETED,
  DEPENDENCY_CONDITION_SERVICE_HEALTHY: HEALTHY,
} = DependencyCondition;

/**
 * Reduces applications to what one engine without a registry can run side by side: the image, the programs, what belongs to the machine, and names
 * and ports that two of them claim. Everything else stays as it was written.
 */
export class Reduction {
  readonly #folder: string;
  readonly #mayBePrivileged: boolean;
  readonly #claimed = new Set<string>();

  /** `folder` gets a folder for each path of the machine that they mount. */
  constructor(folder: string, { mayBePrivileged }: { mayBePrivileged: boolean }) {
    this.#folder = folder;
    this.#mayBePrivileged = mayBePrivileged;
  }

  reduce(bundle: Bundle): Bundle {
    const { stack, services, networks, volumes } = bundle;
    return bundleOf(stack, {
      services: services.map((service) => this.#service(service, bundle)),
      networks: networks.map((network) => this.#network(network, stack)),
      volumes: volumes.map((volume) => this.#volume(volume, stack)),
    });
  }

  #service(service: Service, { stack, services }: Bundle): Service {
    const { container, containerName, name } = service;
    const awaited = services.flatMap(({ dependsOn }) => dependsOn.filter((one) => one.service === name));
    const ends = awaited.some(({ condition }) => condition === COMPLETED);
    const hurries = awaited.some(({ condition }) => condition === HEALTHY);
    return {
      ...service,
      pullPolicy: PullPolicy.PULL_POLICY_NEVER,
      containerName: this.#ownName('container', { name: containerName, stack }),
      container: container === undefined ? undefined : this.#container(container, { ends, hurries }),
    };
  }

  #container(spec: ContainerSpec, { ends, hurries }: { ends: boolean; hurries: boolean }): ContainerSpec {
    return {
      ...spec,
      ...programs(spec, ends ? SUCCEEDS : SLEEPS),
      image: IMAGE,
      privileged: spec.privileged && this.#mayBePrivileged,
      user: /^\d*(?::\d+)?$/.test(spec.user) ? spec.user : SOMEBODY,
      healthcheck: spec.healthcheck === undefined ? undefined : healthcheck(spec.healthcheck, hurries),
      ports: spec.ports.map((port) => this.#port(port)),
      mounts: spec.mounts.map((mount) => this.#mount(mount)),
      devices: spec.devices.map((device) => (existsSync(device.source) ? device : { ...device, source: '/dev/null' })),
    };
  }

  /** Whoever asks first has the port; the engine chooses for the others. */
  #port(port: Port): Port {
    const isFirst = port.hostPort === '' || this.#claim(`port ${port.hostPort}/${port.protocol}`);
    return isFirst ? port : { ...port, hostPort: '' };
  }

  /** What is there to be read stays; a folder stands in for all else of the machine, which tests neither write to nor make. */
  #mount(mount: Mount): Mount {
    if (mount.source?.$case !== 'hostPath') return mount;
    const path = mount.source.value;
    if (mount.readOnly && statSync(path, { throwIfNoEntry: false })?.isDirectory()) return mount;
    const value = join(this.#folder, path);
    mkdirSync(value, { recursive: true });
    return { ...mount, source: { $case: 'hostPath', value } };
  }

  /** What is elsewhere is made here. */
  #network(network: Network, stack: string): Network {
    return { ...network, external: false, name: this.#ownName('network', { name: network.name, stack }) };
  }

  #volume(volume: Volume, stack: string): Volume {
    return { ...volume, external: false, name: this.#ownName('volume', { name: volume.name, stack }) };
  }

  #ownName(kind: string, { name, stack }: { name: string; stack: string }): string {
    return name === '' || this.#claim(`${kind} ${name}`) ? name : `${name}-of-${stack}`;
  }

  #claim(what: string): boolean {
    if (this.#claimed.has(what)) return false;
    this.#claimed.add(what);
    return true;
  }
}

function programs(
  { entrypoint, command }: ContainerSpec,
  stand: readonly string[],
): Pick<ContainerSpec, 'entrypoint' | 'command'> {
  // The image sleeps by itself.
  if (entrypoint === undefined && command === undefined && stand === SLEEPS) return { entrypoint, command };
  if (entrypoint !== undefined && entrypoint.values.length > 0)
    return { entrypoint: { values: [...stand, ...entrypoint.values] }, command };
  return { entrypoint, command: { values: [...stand, ...(command?.values ?? [])] } };
}

function healthcheck(check: Healthcheck, hurries: boolean): Healthcheck {
  if (check.test[0] === 'NONE') return check;
  return { ...check, test: ['CMD-SHELL', 'true'], ...(hurries ? { intervalNanos: QUICK_NANOS } : {}) };
}
