import { constants } from 'node:os';
import { recordOf, textOf } from '../canonical/outside-data.ts';
import { containerDetails } from './container-details.ts';
import { type EchoContext, echoedConfig, echoedHostConfig, echoedMounts } from './container-echo.fake.ts';
import type { Address, ContainerDetails, CreateBody, Endpoint } from './engine.ts';
import type { InspectedEndpoint } from './inspected.ts';

/** What an engine gives an attachment that asks for none. */
const CHOSEN_MAC = '02:42:ac:11:00:02';
/** What engines say of a start that never was. */
const NEVER = '0001-01-01T00:00:00Z';

/** One container on the fake engine. */
export class HeldContainer {
  readonly id: string;
  readonly imageId: string;
  name: string;
  status = 'created';
  exitCode = 0;
  restarts = 0;
  startedAtMs = 0;
  error = '';
  /** Its healthcheck fails. */
  isUnhealthy = false;
  readonly host: Record<string, unknown>;
  readonly endpoints: Map<string, InspectedEndpoint>;
  readonly mounts: ReturnType<typeof echoedMounts>;
  readonly #config: ReturnType<typeof echoedConfig>;
  #told: { readonly text: string; readonly details: ContainerDetails } | undefined;

  constructor({ name, body, imageId, context }: Making) {
    this.id = context.id;
    this.name = name;
    this.imageId = imageId;
    this.host = echoedHostConfig(body, context);
    this.#config = echoedConfig(body, context);
    this.mounts = echoedMounts(body, context);
    this.endpoints = endpointsOf(body, textOf(this.host['NetworkMode']));
  }

  get isRunning(): boolean {
    return this.status === 'running' || this.status === 'paused';
  }

  get labels(): Readonly<Record<string, string>> {
    return recordOf(this.#config['Labels']) as Readonly<Record<string, string>>;
  }

  /** Number of the signal that stops it. */
  get stopSignal(): number {
    const name = textOf(this.#config['StopSignal']) || 'SIGTERM';
    return Object.entries(constants.signals).find(([known]) => known === name)?.[1] ?? constants.signals.SIGTERM;
  }

  /** Ports of the host that it asks for, as `address:port/protocol`; the engine chooses others for itself. */
  get bindings(): readonly string[] {
    return Object.entries(recordOf(this.host['PortBindings'])).flatMap(([port, hosts]) =>
      (Array.isArray(hosts) ? hosts : []).flatMap(({ HostIp = '', HostPort = '' }) =>
        HostPort === '' ? [] : [`${HostIp || '0.0.0.0'}:${HostPort}/${port.split('/')[1] ?? 'tcp'}`],
      ),
    );
  }

  /** Fixed addresses that it holds, by network. Whatever else an engine gives is not told. */
  get addresses(): readonly Address[] {
    if (!this.isRunning) return [];
    return [...this.endpoints.values()].flatMap(({ NetworkID = '', IPAMConfig }) =>
      IPAMConfig?.IPv4Address ? [{ network: NetworkID, address: IPAMConfig.IPv4Address }] : [],
    );
  }

  /** What the agent takes from its inspect, by way of JSON as from an engine. */
  details(): ContainerDetails {
    const { id, name, imageId, status, exitCode, restarts, startedAtMs, error, host, endpoints, mounts } = this;
    const started = startedAtMs === 0 ? NEVER : new Date(startedAtMs).toISOString();
    const inspected = {
      Id: id,
      Name: `/${name}`,
      Image: imageId,
      Config: { ...this.#config, ...this.#primaryMac() },
      HostConfig: host,
      State: { Status: status, ExitCode: exitCode, StartedAt: started, Error: error, ...this.#health() },
      RestartCount: restarts,
      Mounts: mounts,
      NetworkSettings: {
        Networks: Object.fromEntries([...endpoints].map(([network, one]) => [network, this.#endpoint(one)])),
      },
    };
    const text = JSON.stringify(inspected);
    // What did not change is the same object, as it is behind the edge to a real engine.
    if (this.#told?.text !== text) this.#told = { text, details: containerDetails(JSON.parse(text)) };
    return this.#told.details;
  }

  #endpoint(endpoint: InspectedEndpoint): InspectedEndpoint {
    const isRunning = this.isRunning;
    const asked = endpoint.MacAddress ?? '';
    const standing = this.status === 'created' ? asked : '';
    return {
      ...endpoint,
      IPAddress: isRunning ? (endpoint.IPAMConfig?.IPv4Address ?? '') : '',
      MacAddress: isRunning ? asked || CHOSEN_MAC : standing,
    };
  }

  /** Where one was asked for, it is told of the whole container too. */
  #primaryMac() {
    const asked = this.endpoints.get(textOf(this.host['NetworkMode']))?.MacAddress ?? '';
    return asked === '' ? {} : { MacAddress: asked };
  }

  /** A check succeeds as soon as it can, unless the image is one that never does. */
  #health() {
    if (this.isUnhealthy && this.isRunning) return { Health: { Status: 'unhealthy' } };
    const [first] = (recordOf(this.#config['Healthcheck'])['Test'] as readonly string[] | undefined) ?? ['NONE'];
    return first === 'NONE' || !this.isRunning ? {} : { Health: { Status: 'healthy' } };
  }
}

interface Making {
  readonly name: string;
  readonly body: CreateBody;
  readonly imageId: string;
  readonly context: EchoContext;
}

function endpointsOf(body: CreateBody, mode: string): Map<string, InspectedEndpoint> {
  if (mode.startsWith('container:')) return new Map();
  const asked = recordOf(recordOf(body['NetworkingConfig'])['EndpointsConfig']);
  const named = Object.entries(asked).map(([name, endpoint]) => [name, endpointOf(recordOf(endpoint), '')] as const);
  return new Map([[mode === 'default' ? 'bridge' : mode, endpointOf({}, '')], ...named]);
}

/** An endpoint as an inspect tells it: a container that never ran knows no network by its id. */
export function endpointOf(asked: Endpoint, networkId: string): InspectedEndpoint {
  const { Aliases = null, IPAMConfig = null, Links = null, DriverOpts = null }: InspectedEndpoint = asked;
  const { GwPriority = 0, MacAddress = '' }: InspectedEndpoint = asked;
  return { NetworkID: networkId, Aliases, IPAMConfig, Links, DriverOpts, GwPriority, MacAddress };
}
