import { Field } from './field.ts';
import { fieldPath } from './field-path.ts';
import { mergeRule } from './merge-rules.ts';
import { readScalar } from './scalar.ts';
import type { MappingNode, Position, ScalarNode, SequenceNode, YamlEntry, YamlNode } from './yaml-node.ts';

/** Where in a file a node stands: its path for people, and the pattern of that path for the rules. */
export interface Spot {
  readonly path: string;
  readonly pattern: readonly string[];
}

/** The top of a file. */
export const TOP: Spot = { path: '', pattern: [] };

/** The spot of a key below another spot. */
export function spotBelow({ path, pattern }: Spot, key: string): Spot {
  return { path: fieldPath(path, key), pattern: [...pattern, pattern.length === 1 ? '*' : key] };
}

/** Levels at which short forms stand: `services.web.labels` is the third. What is deeper stays shared with its anchor. */
const DEEPEST_SHORT_FORM = 3;

/** The same mapping with every short form, such as a list of `NAME=value`, written in the form that is merged. Throws COMPOSE_TYPE. */
export function normalised(mapping: MappingNode, spot: Spot): MappingNode {
  const entries = mapping.entries.map((entry): YamlEntry => {
    if (entry.key.startsWith('x-')) return entry;
    const below = spotBelow(spot, entry.key);
    const long = longForm(entry.value, below);
    const isDeeper = long.kind === 'mapping' && below.pattern.length < DEEPEST_SHORT_FORM;
    const value = isDeeper ? normalised(long, below) : long;
    return value === entry.value ? entry : { ...entry, value };
  });
  return { ...mapping, entries };
}

function longForm(node: YamlNode, spot: Spot): YamlNode {
  const rule = mergeRule(spot.pattern);
  if (rule === undefined || isNull(node)) return node;
  switch (rule) {
    case 'pairs':
      return node.kind === 'sequence' ? asMapping(node, spot, pair) : node;
    case 'names':
      return node.kind === 'sequence' ? asMapping(node, spot, (text, at) => ({ key: text, value: empty(at) })) : node;
    case 'dependencies':
      return node.kind === 'sequence' ? asMapping(node, spot, started) : node;
    case 'list':
      return node.kind === 'sequence' ? node : { ...sharedPart(node), kind: 'sequence', items: [node] };
    case 'hosts':
      return node.kind === 'mapping' ? hostList(node, spot) : node;
    default:
      return node;
  }
}

/** Place and tag. */
function sharedPart({ at, tag }: YamlNode): Pick<YamlNode, 'at' | 'tag'> {
  return tag === undefined ? { at } : { at, tag };
}

/** A list as the mapping that it counts as. Of two items with one key the later wins. */
function asMapping(
  list: SequenceNode,
  spot: Spot,
  entryOf: (text: string, at: Position) => { key: string; value: YamlNode },
): YamlNode {
  const entries = list.items.map((item, index): [string, YamlEntry] => {
    const text = new Field(item, fieldPath(spot.path, index)).text();
    const entry = { keyAt: item.at, ...entryOf(text, item.at) };
    return [entry.key, entry];
  });
  return { ...sharedPart(list), kind: 'mapping', entries: [...new Map(entries).values()] };
}

function pair(text: string, at: Position): { key: string; value: YamlNode } {
  const split = text.indexOf('=');
  if (split === -1) return { key: text, value: empty(at) };
  return { key: text.slice(0, split), value: textNode(text.slice(split + 1), at) };
}

function started(text: string, at: Position): { key: string; value: YamlNode } {
  const condition = textNode('service_started', at);
  return { key: text, value: { kind: 'mapping', at, entries: [{ key: 'condition', keyAt: at, value: condition }] } };
}

/** One item for each address of each host. */
function hostList(mapping: MappingNode, spot: Spot): YamlNode {
  const items = mapping.entries.flatMap(({ key, value }) => {
    const field = new Field(value, fieldPath(spot.path, key));
    return field.texts().map((address) => textNode(`${key}=${address}`, value.at));
  });
  return { ...sharedPart(mapping), kind: 'sequence', items };
}

function textNode(text: string, at: Position): ScalarNode {
  return { kind: 'scalar', at, text, plain: false };
}

function empty(at: Position): ScalarNode {
  return { kind: 'scalar', at, text: '', plain: true };
}

/** True for a value that says nothing. */
export function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && readScalar(node).kind === 'null';
}
