import { Field } from './field.ts';
import { mergeRule } from './merge-rules.ts';
import { isNull, normalised, type Spot, spotBelow, TOP } from './normalise.ts';
import { readScalar } from './scalar.ts';
import type { MappingNode, SequenceNode, YamlEntry, YamlNode } from './yaml-node.ts';

/**
 * Merges Compose files left to right. List forms that count as mappings are mappings in the result; what is tagged `!reset` is not in it. Throws
 * COMPOSE_TYPE where kinds differ.
 */
export function mergeFiles(files: readonly MappingNode[]): MappingNode | undefined {
  const merged = files
    .map((file) => normalised(file, TOP))
    .reduce<MappingNode | undefined>(
      (below, above) => (below === undefined ? above : mergeMappings(below, above, TOP)),
      undefined,
    );
  return merged === undefined ? undefined : withoutReset(merged);
}

/** A service over the one that it extends. What it resets stays as a mark, since an earlier file may hold it too. */
export function extendService(name: string, base: MappingNode, service: MappingNode): MappingNode {
  const spot = spotBelow(spotBelow(TOP, 'services'), name);
  return mergeMappings(normalised(base, spot), normalised(service, spot), spot);
}

function mergeNodes(below: YamlNode, above: YamlNode, spot: Spot): YamlNode {
  const rule = mergeRule(spot.pattern);
  if (rule === 'replace' || below.kind === 'scalar' || above.tag !== undefined) return above;
  // An empty value takes nothing away: a network that is named again keeps its settings.
  if (isNull(above)) return below;
  if (below.kind === 'mapping' && above.kind === 'mapping') {
    if (rule === 'logging' && haveOtherDrivers(below, above)) return above;
    return mergeMappings(below, above, spot);
  }
  if (below.kind === 'sequence' && above.kind === 'sequence')
    return { ...above, items: rule === 'pools' ? mergePools(below, above, spot) : [...below.items, ...above.items] };
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
      before === undefined || before.value.tag === 'reset' || entry.key.startsWith('x-')
        ? entry.value
        : mergeNodes(before.value, entry.value, spotBelow(spot, entry.key));
    merged.set(entry.key, { ...entry, value });
  }
  return { ...above, entries: [...merged.values()] };
}

function haveOtherDrivers(below: MappingNode, above: MappingNode): boolean {
  const [was, is] = [below, above].map((node) => textOf(node, 'driver'));
  return was !== undefined && is !== undefined && was !== is;
}

/** Pools of both files; of one subnet there is one. */
function mergePools(below: SequenceNode, above: SequenceNode, spot: Spot): readonly YamlNode[] {
  const pools = new Map<string | YamlNode, YamlNode>();
  for (const pool of [...below.items, ...above.items]) {
    const key = (pool.kind === 'mapping' ? textOf(pool, 'subnet') : undefined) ?? pool;
    const before = pools.get(key);
    const isSame = before?.kind === 'mapping' && pool.kind === 'mapping';
    pools.set(key, isSame ? mergeMappings(before, pool, spotBelow(spot, '*')) : pool);
  }
  return [...pools.values()];
}

/** The text of a key; undefined where it is absent or no text. */
function textOf(mapping: MappingNode, key: string): string | undefined {
  const value = mapping.entries.find((entry) => entry.key === key)?.value;
  if (value?.kind !== 'scalar') return undefined;
  return readScalar(value).kind === 'string' ? value.text : undefined;
}

/** The same tree without what is tagged `!reset`; unchanged parts stay shared. */
function withoutReset(mapping: MappingNode): MappingNode {
  if (!holdsReset(mapping)) return mapping;
  const kept = mapping.entries.filter(({ value }) => value.tag !== 'reset');
  const entries = kept.map((entry): YamlEntry => {
    return entry.value.kind === 'mapping' ? { ...entry, value: withoutReset(entry.value) } : entry;
  });
  return { ...mapping, entries };
}

function holdsReset(mapping: MappingNode): boolean {
  return mapping.entries.some(({ value }) => value.tag === 'reset' || (value.kind === 'mapping' && holdsReset(value)));
}
