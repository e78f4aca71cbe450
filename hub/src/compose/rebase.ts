import { posix } from 'node:path';
import type { MappingNode, YamlNode } from './yaml-node.ts';

/** A service of a file in another folder, with its relative paths as seen from the stack's: binds, env files and label files. `prefix` leads to that folder. */
export function rebased(service: MappingNode, prefix: string): MappingNode {
  if (prefix === '') return service;
  const entries = service.entries.map((entry) => {
    if (entry.key === 'volumes')
      return { ...entry, value: eachItem(entry.value, (item) => rebasedMount(item, prefix)) };
    if (entry.key === 'env_file' || entry.key === 'label_file') {
      return { ...entry, value: eachItem(entry.value, (item) => rebasedFile(item, prefix)) };
    }
    return entry;
  });
  return { ...service, entries };
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
