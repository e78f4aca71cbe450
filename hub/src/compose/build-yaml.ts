import { type ErrorCode, MooringError } from '@mooring/proto';
import {
  EVENT_ID,
  type Event,
  getScalarValue,
  type MappingEvent,
  SCALAR_STYLE,
  type ScalarEvent,
  type SequenceEvent,
} from 'js-yaml';
import { positionsIn } from './positions.ts';
import { readScalar } from './scalar.ts';
import { MAX_YAML_DEPTH, MAX_YAML_NODES } from './yaml-limits.ts';
import type { MergeTag, Position, ScalarNode, YamlEntry, YamlNode } from './yaml-node.ts';

/** A parsed source. */
export interface YamlSource {
  readonly file: string;
  readonly source: string;
  readonly events: readonly Event[];
  /** Whether the tags by which Compose files are merged have a meaning. */
  readonly mergeTags: boolean;
}

/** Tags that change nothing about how a node is read here. */
const KNOWN_TAGS = new Set(['', '!', '!!str', '!!int', '!!bool', '!!float', '!!null', '!!map', '!!seq']);
/** Tags of the Compose specification that delete and replace. Elsewhere they are unknown. */
const MERGE_TAGS: ReadonlyMap<string, MergeTag> = new Map([
  ['!reset', 'reset'],
  ['!override', 'override'],
]);
/** Names that reach into an object's prototype wherever a key becomes a property. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Builds the node tree of one document. Throws YAML_* with the place. */
export function buildDocument(source: YamlSource): YamlNode | undefined {
  return new Builder(source).document();
}

/** A finished node with the number of nodes and of levels that it stands for once aliases are expanded. */
interface Built {
  readonly node: YamlNode;
  readonly size: number;
  readonly depth: number;
}

/** Characters of a key that a message shows. */
const MAX_SHOWN_KEY = 100;
/** Characters of what a message says: it may quote a name, and names may be long. */
const MAX_REASON_LENGTH = 400;

class Builder {
  readonly #file: string;
  readonly #source: string;
  readonly #events: readonly Event[];
  readonly #mergeTags: boolean;
  readonly #position: (offset: number) => Position;
  /** Undefined while the anchored node is still being built. */
  readonly #anchors = new Map<string, Built | undefined>();
  #next = 0;
  #total = 0;

  constructor({ file, source, events, mergeTags }: YamlSource) {
    this.#file = file;
    this.#source = source;
    this.#events = events;
    this.#mergeTags = mergeTags;
    this.#position = positionsIn(file, source);
  }

  document(): YamlNode | undefined {
    if (this.#events[0]?.type === EVENT_ID.DOCUMENT) this.#next = 1;
    const event = this.#events[this.#next];
    if (event === undefined || event.type === EVENT_ID.POP) return undefined;
    const { node } = this.#build(0);
    return node.kind === 'scalar' && node.plain && node.text === '' ? undefined : node;
  }

  #build(fallback: number): Built {
    const event = this.#events[this.#next];
    this.#next += 1;
    switch (event?.type) {
      case EVENT_ID.SCALAR:
        return this.#anchored(event, () => this.#scalar(event, fallback));
      case EVENT_ID.SEQUENCE:
        return this.#anchored(event, () => this.#sequence(event));
      case EVENT_ID.MAPPING:
        return this.#anchored(event, () => this.#mapping(event));
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart, event.anchorEnd);
      default:
        throw this.#refusal('YAML_SYNTAX', 'it ends too early; valid YAML is wanted', fallback);
    }
  }

  #anchored(event: ScalarEvent | SequenceEvent | MappingEvent, build: () => Built): Built {
    const tag = this.#mergeTag(event);
    const anchor = event.anchorStart < 0 ? undefined : this.#source.slice(event.anchorStart, event.anchorEnd);
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const untagged = build();
    const built = tag === undefined ? untagged : { ...untagged, node: { ...untagged.node, tag } };
    if (anchor !== undefined) this.#anchors.set(anchor, built);
    return built;
  }

  /** What a tag says about merging, if anything. Throws YAML_TAG for one that is unknown. */
  #mergeTag({ tagStart, tagEnd }: ScalarEvent | SequenceEvent | MappingEvent): MergeTag | undefined {
    const tag = tagStart < 0 ? '' : this.#source.slice(tagStart, tagEnd);
    if (KNOWN_TAGS.has(tag)) return undefined;
    const mergeTag = this.#mergeTags ? MERGE_TAGS.get(tag) : undefined;
    if (mergeTag !== undefined) return mergeTag;
    throw this.#refusal('YAML_TAG', `the tag ${tag} is unknown; plain YAML is wanted`, tagStart);
  }

  #scalar(event: ScalarEvent, fallback: number): Built {
    const tag = event.tagStart < 0 ? '' : this.#source.slice(event.tagStart, event.tagEnd);
    const text = getScalarValue(this.#source, event);
    const start = startOf(event, fallback);
    // Neither a path nor an environment nor a command can hold one.
    if (text.includes('\0'))
      throw this.#refusal('YAML_SYNTAX', 'a text holds a null character; others are wanted', start);
    const node: ScalarNode = {
      kind: 'scalar',
      at: this.#position(start),
      text,
      plain: event.style === SCALAR_STYLE.PLAIN && tag !== '!!str' && tag !== '!',
    };
    return this.#counted({ node, size: 1, depth: 1 });
  }

  #sequence(event: SequenceEvent): Built {
    const items: YamlNode[] = [];
    let size = 1;
    let depth = 0;
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) {
      const built = this.#build(event.start);
      items.push(built.node);
      size += built.size;
      depth = Math.max(depth, built.depth);
    }
    this.#next += 1;
    return this.#counted(
      { node: { kind: 'sequence', at: this.#position(event.start), items }, size, depth: depth + 1 },
      1,
    );
  }

  #mapping(event: MappingEvent): Built {
    const own = new Map<string, YamlEntry>();
    let merged: readonly YamlEntry[] = [];
    let mergeAt: Position | undefined;
    let size = 1;
    let depth = 0;
    while (this.#events[this.#next]?.type !== EVENT_ID.POP) {
      const { key, keyAt, keyStart, merge } = this.#key(event.start);
      const value = this.#build(keyStart);
      size += value.size;
      depth = Math.max(depth, value.depth);
      if (merge) {
        if (mergeAt !== undefined) throw this.#duplicate(key, mergeAt, keyAt);
        mergeAt = keyAt;
        merged = this.#mergedEntries(value.node);
      } else if (own.has(key)) throw this.#duplicate(key, own.get(key)?.keyAt, keyAt);
      else own.set(key, { key, keyAt, value: value.node });
    }
    this.#next += 1;
    // A key of the mapping wins over a merged one, and of merged ones the first wins (YAML merge key draft).
    const inherited = new Map<string, YamlEntry>();
    for (const entry of merged) if (!own.has(entry.key) && !inherited.has(entry.key)) inherited.set(entry.key, entry);
    const entries = [...inherited.values(), ...own.values()];
    return this.#counted(
      { node: { kind: 'mapping', at: this.#position(event.start), entries }, size, depth: depth + 1 },
      1,
    );
  }

  #key(fallback: number): { key: string; keyAt: Position; keyStart: number; merge: boolean } {
    const event = this.#events[this.#next];
    const keyStart = event?.type === EVENT_ID.SCALAR ? startOf(event, fallback) : fallback;
    const { node } = this.#build(fallback);
    if (node.kind !== 'scalar')
      throw this.#refusal('YAML_KEY_TYPE', 'a key is a list or a mapping; text is wanted', keyStart);
    if (readScalar(node).kind !== 'string') {
      throw this.#refusal(
        'YAML_KEY_TYPE',
        `the key ${node.text === '' ? 'is empty' : `"${node.text}" is not text`}; text, quoted, is wanted`,
        keyStart,
      );
    }
    if (FORBIDDEN_KEYS.has(node.text))
      throw this.#refusal(
        'YAML_FORBIDDEN_KEY',
        `the key "${node.text}" is not allowed; another name is wanted`,
        keyStart,
      );
    return { key: node.text, keyAt: node.at, keyStart, merge: node.plain && node.text === '<<' };
  }

  #mergedEntries(node: YamlNode): readonly YamlEntry[] {
    if (node.kind === 'mapping') return node.entries;
    if (node.kind === 'sequence') return node.items.flatMap((item) => this.#mergedEntries(item));
    throw new MooringError('YAML_SYNTAX', `Cannot read ${this.#file}: "<<" merges text; a mapping is wanted`, {
      place: node.at,
    });
  }

  #alias(start: number, end: number): Built {
    const name = this.#source.slice(start, end);
    const built = this.#anchors.get(name);
    if (built !== undefined) return this.#counted(built);
    if (this.#anchors.has(name))
      throw this.#refusal(
        'YAML_RECURSIVE_ALIAS',
        `*${name} stands inside the node that it names; an end is wanted`,
        start - 1,
      );
    throw this.#refusal('YAML_SYNTAX', `*${name} names no anchor before it; &${name} is wanted`, start - 1);
  }

  /** `added` counts towards the budget; the parts of a collection were counted when they were built. */
  #counted(built: Built, added = built.size): Built {
    this.#total += added;
    const place = built.node.at;
    if (this.#total > MAX_YAML_NODES) {
      throw new MooringError(
        'YAML_TOO_MANY_NODES',
        `Cannot read ${this.#file}: it stands for more than ${MAX_YAML_NODES} nodes; fewer are wanted`,
        { place },
      );
    }
    if (built.depth > MAX_YAML_DEPTH) {
      throw new MooringError(
        'YAML_TOO_DEEP',
        `Cannot read ${this.#file}: it is nested deeper than ${MAX_YAML_DEPTH} levels once aliases are expanded; less is wanted`,
        { place },
      );
    }
    return built;
  }

  #duplicate(key: string, first: Position | undefined, place: Position): MooringError {
    return new MooringError(
      'YAML_DUPLICATE_KEY',
      `Cannot read ${this.#file}: the key "${key.slice(0, MAX_SHOWN_KEY)}" stands in lines ${first?.line ?? 0} and ${place.line}; one is wanted`,
      { place },
    );
  }

  #refusal(code: ErrorCode, what: string, offset: number): MooringError {
    return new MooringError(code, `Cannot read ${this.#file}: ${what.slice(0, MAX_REASON_LENGTH)}`, {
      place: this.#position(Math.max(offset, 0)),
    });
  }
}

/** Where a scalar begins: at its quote, where it has one. */
function startOf({ valueStart, style }: ScalarEvent, fallback: number): number {
  if (valueStart < 0) return fallback;
  const quoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? valueStart - 1 : valueStart;
}
