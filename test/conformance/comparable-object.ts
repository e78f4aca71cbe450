import { ENGINE_OWNED, type Json, OWN_COMPOSE_LABELS, OWN_PREFIX } from './engine-owned.ts';

/** A kind of object that an engine keeps. */
export type ObjectKind = keyof typeof ENGINE_OWNED;

/** An object of an engine as leaves by their paths. */
export type Leaves = ReadonlyMap<string, string>;

/** Lists whose order says nothing: docker compose fills them from maps, or the engine keeps them so. */
const UNORDERED = [
  'Config.Env',
  'HostConfig.Binds',
  'HostConfig.CapAdd',
  'HostConfig.CapDrop',
  'HostConfig.GroupAdd',
  'HostConfig.SecurityOpt',
  'HostConfig.ExtraHosts',
  'HostConfig.Links',
  'NetworkSettings.Networks.*.Aliases',
  'NetworkSettings.Networks.*.Links',
].map(patternOf);
/** Lists of things that have a name. */
const KEYED: Readonly<Record<string, string>> = {
  Mounts: 'Destination',
  'HostConfig.Mounts': 'Target',
  'HostConfig.Ulimits': 'Name',
  'HostConfig.Devices': 'PathInContainer',
  'IPAM.Config': 'Subnet',
};
/** Mappings in which a name alone says something. */
const NAMES: readonly string[] = [
  'Config.ExposedPorts',
  'Config.Volumes',
  'HostConfig.PortBindings',
  'HostConfig.Tmpfs',
  'NetworkSettings.Networks',
];
/** `label:disable` and `label=disable` are one option. */
const SECURITY_OPTIONS = 'HostConfig.SecurityOpt';
const LABELS = /^(?:Config\.)?Labels$/;
const DEPENDS_ON = 'com.docker.compose.depends_on';

/** The leaves of an inspected object, apart from what is the engine's own or says who made it. Nothing, however an engine spells it, is no leaf. */
export function leavesOf(kind: ObjectKind, inspected: Json): Leaves {
  const leaves = new Map<string, string>();
  const owned = ENGINE_OWNED[kind].map(patternOf);
  const visit = (path: string, value: Json): void => {
    if (owned.some((pattern) => pattern.test(path)) || isNothing(value)) return;
    if (typeof value !== 'object' || value === null) {
      leaves.set(path, String(value));
      return;
    }
    if (LABELS.test(path)) addLabels(leaves, path, value);
    else
      for (const [name, below] of Array.isArray(value) ? itemsOf(path, value) : namesOf(leaves, path, value))
        visit(`${path}${path === '' ? '' : '.'}${name}`, below);
  };
  visit('', inspected);
  return leaves;
}

type Named = readonly (readonly [name: string, value: Json])[];

/** Items by what they are called, by themselves where their order says nothing, else by their place. */
function itemsOf(path: string, items: readonly Json[]): Named {
  const key = KEYED[path];
  const isUnordered = UNORDERED.some((pattern) => pattern.test(path));
  return items.map((item, index) => {
    if (key !== undefined && typeof item === 'object' && item !== null && key in item)
      return [String((item as { readonly [name: string]: Json })[key]), item];
    const said = path === SECURITY_OPTIONS ? String(item).replace(/^([^=:]*):/, '$1=') : item;
    return [isUnordered ? `[${JSON.stringify(said)}]` : String(index), said];
  });
}

function namesOf(leaves: Map<string, string>, path: string, mapping: Json): Named {
  return Object.entries(mapping as { readonly [name: string]: Json }).map(([name, below]) => {
    // Docker compose writes what is exposed without a protocol as it was written.
    const key = path === 'Config.ExposedPorts' && !name.includes('/') ? `${name}/tcp` : name;
    if (NAMES.includes(path)) leaves.set(`${path}.${key}`, 'there');
    return [key, below];
  });
}

/** What differs between an object that Mooring made and the same of docker compose, one line each. Values of variables are not told. */
export function leafDifferences(mooring: Leaves, compose: Leaves): readonly string[] {
  const paths = [...new Set([...mooring.keys(), ...compose.keys()])].sort();
  return paths.flatMap((path) => {
    const [ours, theirs] = [mooring.get(path), compose.get(path)];
    if (ours === theirs) return [];
    if (path.startsWith('Config.Env.[')) {
      const name = path.slice('Config.Env.["'.length).split(/["=]/)[0];
      return [`Config.Env.${name}: ${ours === undefined ? 'docker compose' : 'Mooring'} alone has this value`];
    }
    return [`${path}: Mooring ${ours ?? '(nothing)'}, docker compose ${theirs ?? '(nothing)'}`];
  });
}

function addLabels(leaves: Map<string, string>, path: string, labels: Json): void {
  for (const [name, value] of Object.entries(labels as { readonly [name: string]: string })) {
    if (name.startsWith(OWN_PREFIX) || OWN_COMPOSE_LABELS.includes(name)) continue;
    // Written from a map.
    leaves.set(`${path}.${name}`, name === DEPENDS_ON ? value.split(',').sort().join(',') : `=${value}`);
  }
}

/** A name, where `*` stands, may hold dots itself. */
function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll('*', '.+')}$`);
}

function isNothing(value: Json): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
