import type Docker from 'dockerode';
import { type Leaves, leavesOf, type ObjectKind } from './comparable-object.ts';
import type { Json } from './engine-owned.ts';

/** Everything of one project on an engine, by `kind name`. */
export type EngineState = ReadonlyMap<string, Leaves>;

/** How a project's own text is told from what names this one making of it. */
export interface Reading {
  readonly project: string;
  /** Networks whose addresses the engine chose, by name. */
  readonly addressless: ReadonlySet<string>;
  /** Rewrites what an object shows: places on this machine. */
  readonly rewrite: (text: string, inspected: InspectedObject) => string;
}

/** What of an inspected container tells which service it is. */
export interface InspectedObject {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly service: string;
}

const PROJECT = 'com.docker.compose.project';
const SERVICE = 'com.docker.compose.service';
/** Where a volume without a name of its own shows: its name is chance. */
const ANONYMOUS = /(?<="(?:Name|Source)":"|\/volumes\/)[0-9a-f]{64}(?="|\/_data)/g;

/** Every container, network and volume of a project. */
export async function readEngineState(docker: Docker, reading: Reading): Promise<EngineState> {
  const found = await inspectProject(docker, reading.project);
  const ids = new Map<string, string>();
  for (const { kind, name, id } of found) if (id !== '') ids.set(id, `(${kind} ${name})`);
  const state = new Map<string, Leaves>();
  for (const { inspected, ...object } of found) {
    const text = reading.rewrite(withoutIds(JSON.stringify(inspected), ids), object);
    state.set(`${object.kind} ${object.name}`, leavesOf(object.kind, withoutChosen(JSON.parse(text), object, reading)));
  }
  return state;
}

/** Ids of what belongs to a project. */
export async function projectIds(docker: Docker, project: string): Promise<Record<ObjectKind, readonly string[]>> {
  const filters = { label: [`${PROJECT}=${project}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const networks = await docker.listNetworks({ filters });
  const { Volumes: volumes } = await docker.listVolumes({ filters });
  return {
    container: containers.map(({ Id }) => Id),
    network: networks.map(({ Id }) => Id),
    volume: (volumes ?? []).map(({ Name }) => Name),
  };
}

/** Removes everything of a project, its data too. */
export async function removeProject(docker: Docker, project: string): Promise<void> {
  const { container, network, volume } = await projectIds(docker, project);
  await Promise.all(container.map((id) => docker.getContainer(id).remove({ force: true, v: true })));
  for (const id of network) await docker.getNetwork(id).remove();
  for (const name of volume) await docker.getVolume(name).remove();
}

async function inspectProject(docker: Docker, project: string) {
  const { container, network, volume } = await projectIds(docker, project);
  const containers = await Promise.all(container.map((id) => docker.getContainer(id).inspect()));
  const networks = await Promise.all(network.map((id) => docker.getNetwork(id).inspect()));
  const volumes = await Promise.all(volume.map((name) => docker.getVolume(name).inspect()));
  return [
    ...containers.map((inspected) => ({
      kind: 'container' as const,
      id: inspected.Id,
      name: inspected.Name.slice(1),
      service: inspected.Config.Labels[SERVICE] ?? '',
      inspected: inspected as unknown,
    })),
    ...networks.map((inspected) => ({
      kind: 'network' as const,
      id: inspected.Id as string,
      name: inspected.Name as string,
      service: '',
      inspected: inspected as unknown,
    })),
    ...volumes.map((inspected) => ({
      kind: 'volume' as const,
      id: '',
      name: inspected.Name,
      service: '',
      inspected: inspected as unknown,
    })),
  ];
}

/** Names stand for ids: engines write either, and the short form as a host name and an alias. */
function withoutIds(text: string, ids: ReadonlyMap<string, string>): string {
  let named = text;
  for (const [id, name] of ids) named = named.replaceAll(id, name).replaceAll(id.slice(0, 12), name);
  return named.replaceAll(ANONYMOUS, '(anonymous)');
}

function withoutChosen(inspected: Json, { kind, name }: InspectedObject, { addressless }: Reading): Json {
  if (kind !== 'network' || !addressless.has(name)) return inspected;
  return JSON.parse(JSON.stringify(inspected, (key, value) => (key === 'IPAM' ? { ...value, Config: null } : value)));
}
