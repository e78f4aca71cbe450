import { MooringError } from '@mooring/proto';
import type Docker from 'dockerode';
import { isRecord, numberOf, recordOf } from '../canonical/outside-data.ts';
import { addressesOf, containerDetails } from './container-details.ts';
import type { ContainerDetails, ContainerSummary, EngineDescription, NetworkDetails, VolumeDetails } from './engine.ts';
import type { InspectedConfig, InspectedNetwork, InspectedVolume } from './inspected.ts';

// What the engine's answers mean. An answer that is cut or odd is an error, never "none": all of these throw ENGINE_ERROR.

/** What the JSON of an answer holds; `what` completes "Cannot …". The text itself is shown nowhere: it may hold what must not be told. */
function parsed(what: string, bytes: Buffer): unknown {
  const value = jsonOf(bytes);
  if (value === undefined) throw odd(what, 'no JSON');
  return value;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    // The error of the parser quotes the text.
    return undefined;
  }
}

function odd(what: string, found: string): MooringError {
  return new MooringError('ENGINE_ERROR', `Cannot ${what}: the engine's answer is ${found}; a whole answer is wanted`, {
    hint: 'Look at the engine on the host: docker info, and its log.',
  });
}

/** The list of an answer: each entry has a text under `key`. */
function listed<T>(what: string, value: unknown, key: string): readonly T[] {
  if (!Array.isArray(value)) throw odd(what, 'no list');
  if (!value.every((entry) => typeof recordOf(entry)[key] === 'string'))
    throw odd(what, `a list of things without ${key}`);
  // Checked as far as it is needed to tell things apart.
  return value as readonly T[];
}

/** States in which a container has its addresses. */
const HOLDING: ReadonlySet<string> = new Set(['running', 'paused']);

/** What the agent takes from ContainerList. */
export function containerList(what: string, bytes: Buffer): readonly ContainerSummary[] {
  const list = listed<Docker.ContainerInfo>(what, parsed(what, bytes), 'Id');
  return list.map(({ Id, Names, Labels, Ports, State, NetworkSettings }) => ({
    id: Id,
    name: (Names?.[0] ?? '').slice(1),
    labels: Labels ?? {},
    hostPorts: (Ports ?? []).flatMap(({ PublicPort, Type }) =>
      PublicPort === undefined ? [] : [`${PublicPort}/${Type}`],
    ),
    addresses: HOLDING.has(State) ? addressesOf(NetworkSettings?.Networks) : [],
  }));
}

/** What the agent takes from ContainerInspect. */
export function containerAnswer(what: string, bytes: Buffer): ContainerDetails {
  const value = parsed(what, bytes);
  const parts = ['Config', 'State', 'HostConfig'];
  const isWhole =
    isRecord(value) &&
    typeof value['Id'] === 'string' &&
    typeof value['Name'] === 'string' &&
    Array.isArray(value['Mounts']) &&
    parts.every((part) => isRecord(value[part]));
  if (!isWhole) throw odd(what, 'no container');
  // Checked as far as it is taken apart without a look; the rest may be missing.
  return containerDetails(value as unknown as Docker.ContainerInspectInfo);
}

/** What the agent takes from NetworkList. */
export function networkList(what: string, bytes: Buffer): readonly NetworkDetails[] {
  type Listed = InspectedNetwork & { Id: string; Name: string; Labels: Record<string, string> | null };
  return listed<Listed>(what, parsed(what, bytes), 'Id').map((inspected) => {
    const { Id, Name, Labels } = inspected;
    return { id: Id, name: Name, labels: Labels ?? {}, inspected };
  });
}

/** Ids of the containers in a NetworkInspect. */
export function attachedContainers(what: string, bytes: Buffer): readonly string[] {
  const value = parsed(what, bytes);
  if (!isRecord(value) || typeof value['Id'] !== 'string') throw odd(what, 'no network');
  return Object.keys(recordOf(value['Containers']));
}

/** What the agent takes from VolumeList. */
export function volumeList(what: string, bytes: Buffer): readonly VolumeDetails[] {
  const value = parsed(what, bytes);
  if (!isRecord(value) || !('Volumes' in value)) throw odd(what, 'no list');
  type Listed = InspectedVolume & { Name: string; Labels: Record<string, string> | null };
  // The engine says null for none.
  return listed<Listed>(what, value['Volumes'] ?? [], 'Name').map((inspected) => {
    const { Name, Labels } = inspected;
    return { id: Name, name: Name, labels: Labels ?? {}, inspected };
  });
}

/** What the agent takes from ImageInspect. */
export function imageAnswer(what: string, bytes: Buffer): { readonly id: string; readonly config: InspectedConfig } {
  const value = parsed(what, bytes);
  if (!isRecord(value) || typeof value['Id'] !== 'string') throw odd(what, 'no image');
  return { id: value['Id'], config: recordOf(value['Config']) };
}

/** The API version of SystemVersion. */
export function apiVersion(what: string, bytes: Buffer): string {
  const value = parsed(what, bytes);
  if (!isRecord(value)) throw odd(what, 'no version');
  return typeof value['ApiVersion'] === 'string' ? value['ApiVersion'] : OLDEST_API;
}

// What an engine speaks that does not say.
const OLDEST_API = '1.41';

/** What SystemVersion and SystemInfo say together. */
export function engineDescription(what: string, version: Buffer, info: Buffer): EngineDescription {
  const [told, about] = [parsed(what, version), parsed(what, info)];
  if (!isRecord(told) || typeof told['Version'] !== 'string' || !isRecord(about)) throw odd(what, 'no description');
  return {
    version: told['Version'],
    apiVersion: String(told['ApiVersion']),
    operatingSystem: String(about['OperatingSystem']),
    architecture: String(about['Architecture']),
    cpus: numberOf(about['NCPU']),
    memoryBytes: numberOf(about['MemTotal']),
    defaults: defaultsOf(told['Version'], about),
  };
}

/** Everything by which engines and their configurations differ in what they show of a container (measured on 20.10, 26.1 and 28.5). */
function defaultsOf(version: string, info: Readonly<Record<string, unknown>>): string {
  const told = [
    'DefaultRuntime',
    'LoggingDriver',
    'CgroupVersion',
    'CgroupDriver',
    'SecurityOptions',
    'SwapLimit',
    'Driver',
  ];
  return JSON.stringify([version, ...told.map((name) => info[name])]);
}
