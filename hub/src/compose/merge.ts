import { Field } from './field.ts';
import { fieldPath } from './field-path.ts';
import { readScalar } from './scalar.ts';
import type { MappingNode, Position, ScalarNode, SequenceNode, YamlEntry, YamlNode } from './yaml-node.ts';

/** How an attribute is merged where the general rule, mappings by key and lists appended, does not hold (compose-go, override/merge.go). */
type MergeRule =
  /** The later file's value, whatever it is. */
  | 'replace'
  /** A list of `NAME=value` counts as a mapping. */
  | 'pairs'
  /** A list of names counts as a mapping with empty values. */
  | 'names'
  /** A list of services counts as a mapping that waits for their start. */
  | 'dependencies';

/** By path, `*` standing for a name that the user chose. */
const RULES: ReadonlyMap<string, MergeRule> = new Map([
  ['services.*.command', 'replace'],
  ['services.*.entrypoint', 'replace'],
  ['services.*.healthcheck.test', 'replace'],
  ['services.*.environment', 'pairs'],
  ['services.*.labels', 'pairs'],
  ['services.*.networks', 'names'],
  ['services.*.depends_on', 'dependencies'],
  ['networks.*.labels', 'pairs'],
  ['volumes.*.labels', 'pairs'],
]);

/** Where in a file a node stands: its path for people, and the pattern of that path for the rules. */
interface Spot {
  readonly path: string;
  readonly pattern: readonly string[];
}

/** Merges Compose files left to right. List forms that count as mappings are mappings in the result. Throws COMPOSE_TYPE where kinds differ. */
export function mergeFiles(files: readonly MappingNode[]): MappingNode | undefined {
  const top: Spot = { path: '', pattern: [] };
  return files
    .map((file) => normalised(file, top))
    .reduce<MappingNode | undefined>(
      (merged, file) => (merged === undefined ? file : mergeMappings(merged, file, top)),
      undefined,
    );
}

function mergeNodes(below: YamlNode, above: YamlNode, spot: Spot): YamlNode {
  if (ruleOf(spot) === 'replace' || below.kind === 'scalar') return above;
  // An empty value takes nothing away: a network that is named again keeps its settings.
  if (isNull(above)) return below;
  if (below.kind === 'mapping' && above.kind === 'mapping') return mergeMappings(below, above, spot);
  if (below.kind === 'sequence' && above.kind === 'sequence')
    return { ...above, items: [...below.items, ...above.items] };
  const [is, was] = [above, below].map((node) => (node.kind === 'mapping' ? 'a mapping' : 'a list'));
  throw new Field(above, spot.path).refusal(
    'COMPOSE_TYPE',
    `it is ${above.kind === 'scalar' ? 'one value' : is} here and ${was} in ${below.at.file}:${below.at.line}; the same in both is wanted`,
  );
}

function mergeMappings(below: MappingNode, above: MappingNode, spot: Spot): MappingNode {
  const merged = new Map(below.entries.map((entry) => [entry.key, entry]));
  for (const entry of above.entries) {
    const before = merged.get(entry.key);
    const value =
      before === undefined || entry.key.startsWith('x-')
        ? entry.value
        : mergeNodes(before.value, entry.value, spotBelow(spot, entry.key));
    merged.set(entry.key, { ...entry, value });
  }
  return { ...above, entries: [...merged.values()] };
}

function normalised(mapping: MappingNode, spot: Spot): MappingNode {
  const entries = mapping.entries.map((entry): YamlEntry => {
    const below = spotBelow(spot, entry.key);
    if (entry.value.kind === 'sequence') return { ...entry, value: asMapping(entry.value, ruleOf(below), below) };
    // Rules end at the third level; what is deeper stays shared with its anchor.
    if (entry.value.kind === 'scalar' || below.pattern.length > 2) return entry;
    return { ...entry, value: normalised(entry.value, below) };
  });
  return { ...mapping, entries };
}

/** A list as the mapping that it counts as. Throws COMPOSE_TYPE for an item that is no text. */
function asMapping(list: SequenceNode, rule: MergeRule | undefined, spot: Spot): YamlNode {
  if (rule === undefined || rule === 'replace') return list;
  const entries = list.items.map((item, index): [string, YamlEntry] => {
    const text = new Field(item, fieldPath(spot.path, index)).text();
    const entry = { keyAt: item.at, ...keyAndValue(text, item.at, rule) };
    return [entry.key, entry];
  });
  return { kind: 'mapping', at: list.at, entries: [...new Map(entries).values()] };
}

function keyAndValue(
  text: string,
  at: Position,
  rule: Exclude<MergeRule, 'replace'>,
): { key: string; value: YamlNode } {
  const empty: ScalarNode = { kind: 'scalar', at, text: '', plain: true };
  if (rule === 'names') return { key: text, value: empty };
  if (rule === 'dependencies') {
    const condition: ScalarNode = { ...empty, text: 'service_started' };
    return {
      key: text,
      value: { kind: 'mapping', at, entries: [{ key: 'condition', keyAt: at, value: condition }] },
    };
  }
  const split = text.indexOf('=');
  if (split === -1) return { key: text, value: empty };
  return { key: text.slice(0, split), value: { ...empty, text: text.slice(split + 1), plain: false } };
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && readScalar(node).kind === 'null';
}

function ruleOf({ pattern }: Spot): MergeRule | undefined {
  return RULES.get(pattern.join('.'));
}

function spotBelow({ path, pattern }: Spot, key: string): Spot {
  return { path: fieldPath(path, key), pattern: [...pattern, pattern.length === 1 ? '*' : key] };
}
