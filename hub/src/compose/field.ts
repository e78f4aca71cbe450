import { type ErrorCode, MooringError, type Place } from '@mooring/proto';
import { fieldPath } from './field-path.ts';
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
  #entries: ReadonlyMap<string, FieldEntry> | undefined;

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
    return refusalAt(this.place, code, { what, hint });
  }

  /** Entries of a mapping; none for null. Throws COMPOSE_TYPE for anything else. */
  entries(): readonly FieldEntry[] {
    return [...this.#byKey().values()];
  }

  /** The value of a key of a mapping; undefined where it is absent. */
  get(key: string): Field | undefined {
    return this.entry(key)?.value;
  }

  /** The entry of a key of a mapping; undefined where it is absent. */
  entry(key: string): FieldEntry | undefined {
    return this.#byKey().get(key);
  }

  #byKey(): ReadonlyMap<string, FieldEntry> {
    if (this.#entries !== undefined) return this.#entries;
    if (this.node.kind !== 'mapping' && !this.isNull) throw this.#type('a mapping');
    const entries = new Map<string, FieldEntry>();
    for (const { key, keyAt, value } of this.node.kind === 'mapping' ? this.node.entries : [])
      entries.set(key, { key, keyAt, value: new Field(value, fieldPath(this.path, key)) });
    this.#entries = entries;
    return entries;
  }

  /** Items of a sequence; none for null. Throws COMPOSE_TYPE for anything else. */
  items(): readonly Field[] {
    if (this.isNull) return [];
    if (this.node.kind !== 'sequence') throw this.#type('a list');
    return this.node.items.map((item, index) => new Field(item, fieldPath(this.path, index)));
  }

  /** Refuses keys that are not in `known`, with the nearest as hint. */
  onlyKeys(known: readonly string[]): void {
    for (const { key, keyAt, value } of this.entries()) {
      if (known.includes(key) || key.startsWith('x-')) continue;
      throw unknownKey(key, { ...keyAt, field: value.path }, known);
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
        return value.text;
      case 'boolean':
        return String(value.value);
      case 'null':
        return '';
      case 'timestamp':
        throw this.#type('text', 'Quote the value: unquoted, it is a date.');
    }
  }

  /** Texts of a list, or one text that stands alone, in order. */
  texts(): readonly string[] {
    if (this.node.kind === 'sequence') return this.items().map((item) => item.text());
    return this.isNull ? [] : [this.text()];
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
    const text = value.kind === 'string' && /^[-+]?\d{1,20}$/.test(value.value) ? Number(value.value) : undefined;
    const found = value.kind === 'number' ? value.value : text;
    if (found === undefined || !Number.isSafeInteger(found)) throw this.#type('a whole number');
    return found;
  }

  /** A count from 0 to what 31 bits hold, which the engine and the protocol take. Throws COMPOSE_QUANTITY. */
  count(): number {
    const found = this.integer();
    if (found >= 0 && found <= MAX_COUNT) return found;
    throw this.refusal('COMPOSE_QUANTITY', `it is ${found}; a number from 0 to ${MAX_COUNT} is wanted`);
  }

  /** Permissions of a file: a number as YAML reads it (`0440` is octal), or text of octal digits. */
  fileMode(): number {
    const value = this.#scalar();
    const text = value.kind === 'string' && /^(?:0o?)?[0-7]{1,4}$/.test(value.value) ? value.value : undefined;
    const mode = text === undefined ? this.integer() : Number.parseInt(text.replace('o', ''), 8);
    if (mode >= 0 && mode <= MAX_FILE_MODE) return mode;
    throw this.refusal('COMPOSE_QUANTITY', 'it is no file mode; octal digits such as 0440 are wanted');
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

/** The engine keeps counts in 32 bits with a sign. */
const MAX_COUNT = 2 ** 31 - 1;
const MAX_FILE_MODE = 0o7777;
/** Characters of what a message says: it may quote a value, and values may be long. */
const MAX_REASON_LENGTH = 400;

/** An error about the field at `place`: `Cannot use <path>: <what is>; <what is wanted>`. */
export function refusalAt(
  place: Place,
  code: ErrorCode,
  { what, hint }: { what: string; hint?: string | undefined },
): MooringError {
  const middle = MAX_REASON_LENGTH / 2;
  const reason = what.length <= MAX_REASON_LENGTH ? what : `${what.slice(0, middle)}…${what.slice(-middle)}`;
  const field = place.field === undefined || place.field === '' ? place.file : place.field;
  return new MooringError(code, `Cannot use ${field}: ${reason}`, { place, hint });
}

// What compose-go's type casting takes for booleans.
const TRUE_WORDS = new Set(['true', 'yes', 'y', 'on', '1', 't']);
const FALSE_WORDS = new Set(['false', 'no', 'n', 'off', '0', 'f']);

/** COMPOSE_UNKNOWN_KEY with the nearest known key as hint. */
export function unknownKey(key: string, place: Place, known: readonly string[]): MooringError {
  const near = nearest(key, known);
  return refusalAt(place, 'COMPOSE_UNKNOWN_KEY', {
    what: 'the Compose specification has no such key; a known one is wanted',
    hint: near === undefined ? undefined : `Did you mean "${near}"?`,
  });
}
