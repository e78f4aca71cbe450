import { posix } from 'node:path';
import type { MappingNode, ScalarNode, YamlEntry, YamlNode } from './yaml-node.ts';

/** A project of files in another folder, with its relative paths as seen from the stack's. `prefix` leads to that folder. */
export function rebasedProject(project: MappingNode, prefix: string): MappingNode {
  if (prefix === '') return project;
  const entries = project.entries.map((entry): YamlEntry => {
    if (entry.key === 'services') return { ...entry, value: eachMapping(entry.value, (one) => rebased(one, prefix)) };
    if (entry.key !== 'configs' && entry.key !== 'secrets') return entry;
    return {
      ...entry,
      value: eachMapping(entry.value, (one) => withText(one, 'file', (path) => joined(prefix, path))),
    };
  });
  return { ...project, entries };
}

function eachMapping(node: YamlNode, change: (mapping: MappingNode) => MappingNode): YamlNode {
  if (node.kind !== 'mapping') return node;
  const entries = node.entries.map((entry) =>
    entry.value.kind === 'mapping' ? { ...entry, value: change(entry.value) } : entry,
  );
  return { ...node, entries };
}

/**
 * A service of a file in another folder, with its relative paths as seen from the stack's: binds, env files, label files, what is built and what is
 * watched. `prefix` leads to that folder.
 */
export function rebased(service: MappingNode, prefix: string): MappingNode {
  if (prefix === '') return service;
  const entries = service.entries.map((entry) => {
    if (entry.key === 'volumes')
      return { ...entry, value: eachItem(entry.value, (item) => rebasedMount(item, prefix)) };
    if (entry.key === 'env_file' || entry.key === 'label_file') {
      return { ...entry, value: eachItem(entry.value, (item) => rebasedFile(item, prefix)) };
    }
    if (entry.key === 'build') return { ...entry, value: rebasedBuild(entry.value, prefix) };
    if (entry.key === 'develop') return { ...entry, value: rebasedWatch(entry.value, prefix) };
    return entry;
  });
  return { ...service, entries };
}

/** What is built lies in the folder of its file unless something else is said. */
function rebasedBuild(node: YamlNode, prefix: string): YamlNode {
  if (node.kind === 'scalar') return withContext(node, prefix);
  if (node.kind !== 'mapping') return node;
  const said = node.entries.some(({ key }) => key === 'context');
  const context: ScalarNode = { kind: 'scalar', at: node.at, text: '.', plain: false };
  const entries = said ? node.entries : [...node.entries, { key: 'context', keyAt: node.at, value: context }];
  return {
    ...node,
    entries: entries.map((entry) =>
      entry.key === 'context' && entry.value.kind === 'scalar'
        ? { ...entry, value: withContext(entry.value, prefix) }
        : entry,
    ),
  };
}

function withContext(node: ScalarNode, prefix: string): ScalarNode {
  return isRemoteContext(node.text) ? node : { ...node, text: joined(prefix, node.text), plain: false };
}

/** A context that is fetched from elsewhere. */
export function isRemoteContext(text: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/i.test(text);
}

function rebasedWatch(node: YamlNode, prefix: string): YamlNode {
  if (node.kind !== 'mapping') return node;
  const entries = node.entries.map((entry) =>
    entry.key === 'watch' ? { ...entry, value: eachItem(entry.value, (item) => rebasedFile(item, prefix)) } : entry,
  );
  return { ...node, entries };
}

function eachItem(node: YamlNode, change: (item: YamlNode) => YamlNode): YamlNode {
  return node.kind === 'sequence' ? { ...node, items: node.items.map(change) } : change(node);
}

function rebasedMount(item: YamlNode, prefix: string): YamlNode {
  if (item.kind === 'mapping') {
    const isBind = item.entries.some(
      ({ key, value }) => key === 'type' && value.kind === 'scalar' && value.text === 'bind',
    );
    return isBind ? withText(item, 'source', (source) => joined(prefix, source)) : item;
  }
  if (item.kind !== 'scalar' || !item.text.startsWith('.')) return item;
  const at = item.text.indexOf(':');
  if (at === -1) return item;
  return { ...item, text: `${joined(prefix, item.text.slice(0, at))}${item.text.slice(at)}` };
}

function rebasedFile(item: YamlNode, prefix: string): YamlNode {
  if (item.kind === 'mapping') return withText(item, 'path', (path) => joined(prefix, path));
  return item.kind === 'scalar' && item.text !== '' ? { ...item, text: joined(prefix, item.text), plain: false } : item;
}

function withText(mapping: MappingNode, wanted: string, change: (text: string) => string): MappingNode {
  const entries = mapping.entries.map((entry) => {
    const { key, value } = entry;
    if (key !== wanted || value.kind !== 'scalar' || value.text === '') return entry;
    return { ...entry, value: { ...value, text: change(value.text) } };
  });
  return { ...mapping, entries };
}

/** Always begins with a dot, so that it never reads as the name of a volume. What is not relative stays. */
function joined(prefix: string, path: string): string {
  return /^[/~]/.test(path) ? path : `./${posix.join(prefix, path)}`;
}
