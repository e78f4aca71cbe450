import type { MappingNode, ScalarNode, SequenceNode, YamlEntry, YamlNode } from './yaml-node.ts';

/** Lists that a later file replaces instead of appending to (Compose specification, "Merge"). Paths below a service. */
const REPLACED = new Set(['command', 'entrypoint', 'healthcheck.test']);
/** Lists of names or `NAME=value` that count as mappings. */
const LISTS_OF_PAIRS = new Set(['environment', 'labels']);
/** Lists of names that count as mappings with empty values. */
const LISTS_OF_NAMES = new Set(['networks', 'depends_on']);

/** Merges Compose files left to right: mappings key by key, lists appended, everything else replaced. */
export function mergeFiles(files: readonly MappingNode[]): MappingNode | undefined {
  return files
    .map(normalise)
    .reduce<MappingNode | undefined>(
      (merged, file) => (merged === undefined ? file : mergeMappings(merged, file, [])),
      undefined,
    );
}

function mergeNodes(below: YamlNode, above: YamlNode, path: readonly string[]): YamlNode {
  if (below.kind === 'mapping' && above.kind === 'mapping') return mergeMappings(below, above, path);
  if (below.kind !== 'sequence' || above.kind !== 'sequence') return above;
  return REPLACED.has(attributeOf(path)) ? above : { ...above, items: [...below.items, ...above.items] };
}

function mergeMappings(below: MappingNode, above: MappingNode, path: readonly string[]): MappingNode {
  const merged = new Map(below.entries.map((entry) => [entry.key, entry]));
  for (const entry of above.entries) {
    const before = merged.get(entry.key);
    const value =
      before === undefined || isNull(before.value)
        ? entry.value
        : mergeNodes(before.value, entry.value, [...path, entry.key]);
    // A bare key, such as a network without settings, keeps what the file below says.
    const keeps = before !== undefined && isNull(entry.value) && before.value.kind === 'mapping';
    merged.set(entry.key, keeps ? before : { ...entry, value });
  }
  return { ...above, entries: [...merged.values()] };
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && /^(?:|~|null|Null|NULL)$/.test(node.text);
}

/** `services.web.healthcheck.test` → `healthcheck.test`; empty for anything that is not below a service. */
function attributeOf(path: readonly string[]): string {
  return path[0] === 'services' ? path.slice(2).join('.') : '';
}

/** Writes the list forms of attributes that merge by key as mappings. */
function normalise(file: MappingNode): MappingNode {
  return changeEntry(file, 'services', (services) =>
    changeEntries(services, (service) => changeEntries(service, normaliseAttribute)),
  );
}

function normaliseAttribute(node: YamlNode, key: string): YamlNode {
  if (node.kind !== 'sequence') return node;
  if (LISTS_OF_PAIRS.has(key)) return pairsToMapping(node);
  return LISTS_OF_NAMES.has(key) ? namesToMapping(node) : node;
}

function changeEntry(mapping: MappingNode, key: string, change: (node: YamlNode) => YamlNode): MappingNode {
  return {
    ...mapping,
    entries: mapping.entries.map((entry) => (entry.key === key ? { ...entry, value: change(entry.value) } : entry)),
  };
}

function changeEntries(node: YamlNode, change: (node: YamlNode, key: string) => YamlNode): YamlNode {
  if (node.kind !== 'mapping') return node;
  return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: change(entry.value, entry.key) })) };
}

function pairsToMapping(list: SequenceNode): YamlNode {
  const scalars = list.items.filter((item) => item.kind === 'scalar');
  // A list that holds something else is refused with its place when the attribute is read.
  if (scalars.length !== list.items.length) return list;
  const entries = new Map(
    scalars.map((item) => [
      nameOf(item),
      { key: nameOf(item), keyAt: item.at, value: valueAfter(item) } satisfies YamlEntry,
    ]),
  );
  return { kind: 'mapping', at: list.at, entries: [...entries.values()] };
}

function nameOf({ text }: ScalarNode): string {
  const at = text.indexOf('=');
  return at === -1 ? text : text.slice(0, at);
}

function valueAfter(item: ScalarNode): ScalarNode {
  const at = item.text.indexOf('=');
  return at === -1 ? { ...item, text: '', plain: true } : { ...item, text: item.text.slice(at + 1), plain: false };
}

function namesToMapping(list: SequenceNode): YamlNode {
  const scalars = list.items.filter((item) => item.kind === 'scalar');
  if (scalars.length !== list.items.length) return list;
  const entries = new Map(
    scalars.map((item) => [item.text, { key: item.text, keyAt: item.at, value: { ...item, text: '', plain: true } }]),
  );
  return { kind: 'mapping', at: list.at, entries: [...entries.values()] };
}
