import { type ErrorCode, MooringError, type Place } from '@mooring/proto';
import { nearest } from './nearest.ts';
import { readScalar } from './scalar.ts';
import type { Position, YamlNode } from './yaml-node.ts';

/** One entry of a mapping as a field of its own. */
export interface FieldEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: Field;
}

/** A node together with its path, such as `services.web.ports[0]`: reads values and refuses them by name and place. */
export class Field {
  readonly node: YamlNode;
  readonly path: string;

  constructor(node: YamlNode, path: string) {
    this.node = node;
    this.path = path;
  }

  get place(): Place {
    return { ...this.node.at, field: this.path };
  }

  get isNull(): boolean {
    return this.node.kind === 'scalar' && readScalar(this.node).kind === 'null';
  }

  /** An error about this field: `Cannot use <path>: <what is>; <what is wanted>`. */
  refusal(code: ErrorCode, what: string, hint?: string): MooringError {
    return new MooringError(code, `Cannot use ${this.path}: ${what}`, { place: this.place, hint });
  }

  child(key: string, node: YamlNode): Field {
    return new Field(node, this.path === '' ? key : `${this.path}.${key}`);
  }

  /** Entries of a mapping; none for null. Throws COMPOSE_TYPE for anything else. */
  entries(): readonly FieldEntry[] {
    if (this.isNull) return [];
    if (this.node.kind !== 'mapping') throw this.#type('a mapping');
    return this.node.entries.map(({ key, keyAt, value }) => ({ key, keyAt, value: this.child(key, value) }));
  }

  /** The value of a key of a mapping; undefined where it is absent. */
  get(key: string): Field | undefined {
    return this.entries().find((entry) => entry.key === key)?.value;
  }

  /** Items of a sequence; none for null. Throws COMPOSE_TYPE for anything else. */
  items(): readonly Field[] {
    if (this.isNull) return [];
    if (this.node.kind !== 'sequence') throw this.#type('a list');
    return this.node.items.map((item, index) => new Field(item, `${this.path}[${index}]`));
  }

  /** Refuses keys that are not in `known`, with the nearest as hint. */
  onlyKeys(known: readonly string[]): void {
    for (const { key, keyAt } of this.entries()) {
      if (known.includes(key) || key.startsWith('x-')) continue;
      throw unknownKey(key, { ...keyAt, field: `${this.path}.${key}` }, known);
    }
  }

  /** A string as it is written. Throws COMPOSE_TYPE for numbers, booleans, null and collections, with the hint to quote. */
  text(): string {
    const value = this.#scalar();
    if (value.kind === 'string') return value.value;
    throw this.#type('text', 'Quote the value.');
  }

  /** Text of a string, number or boolean, as docker compose turns it into a string: `1.10` is "1.1", `0440` is "288". */
  scalarText(): string {
    const value = this.#scalar();
    switch (value.kind) {
      case 'string':
        return value.value;
      case 'number':
      case 'boolean':
        return String(value.value);
      case 'null':
        return '';
      case 'timestamp':
        throw this.#type('text', 'Quote the value: unquoted, it is a date.');
    }
  }

  boolean(): boolean {
    const value = this.#scalar();
    if (value.kind === 'boolean') return value.value;
    const text = value.kind === 'string' ? value.value.toLowerCase() : '';
    if (TRUE_WORDS.has(text)) return true;
    if (FALSE_WORDS.has(text)) return false;
    throw this.#type('true or false');
  }

  /** A whole number, written as one or as text that is one. */
  integer(): number {
    const value = this.#scalar();
    const text = value.kind === 'string' && /^-?\d+$/.test(value.value) ? Number(value.value) : undefined;
    const found = value.kind === 'number' ? value.value : text;
    if (found === undefined || !Number.isSafeInteger(found)) throw this.#type('a whole number');
    return found;
  }

  #scalar() {
    if (this.node.kind !== 'scalar') throw this.#type('one value');
    return readScalar(this.node);
  }

  #type(wanted: string, hint?: string): MooringError {
    return this.refusal('COMPOSE_TYPE', `it is ${this.#kind()}; ${wanted} is wanted`, hint);
  }

  #kind(): string {
    if (this.node.kind === 'mapping') return 'a mapping';
    if (this.node.kind === 'sequence') return 'a list';
    const { kind } = readScalar(this.node);
    return { null: 'empty', boolean: 'a boolean', number: 'a number', timestamp: 'a date', string: 'text' }[kind];
  }
}

// What compose-go's type casting takes for booleans.
const TRUE_WORDS = new Set(['true', 'yes', 'y', 'on', '1', 't']);
const FALSE_WORDS = new Set(['false', 'no', 'n', 'off', '0', 'f']);

/** COMPOSE_UNKNOWN_KEY with the nearest known key as hint. */
export function unknownKey(key: string, place: Place, known: readonly string[]): MooringError {
  const near = nearest(key, known);
  return new MooringError(
    'COMPOSE_UNKNOWN_KEY',
    `Cannot use ${place.field ?? key}: the Compose specification has no such key; a known one is wanted`,
    {
      place,
      hint: near === undefined ? undefined : `Did you mean "${near}"?`,
    },
  );
}
