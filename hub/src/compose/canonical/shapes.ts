import { type Field, unknownKey } from '../field.ts';
import { readBytes, readDuration } from '../quantities.ts';
import { readScalar } from '../scalar.ts';

/** What a model is printed as. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Reads one attribute as docker compose prints it; undefined: it is left out. Throws COMPOSE_* at the field. */
export type Shape = (field: Field) => Json | undefined;

/** Leaves out what is left out of docker compose's output: nothing, empty texts and lists, zero, false. */
function kept(value: Json): Json | undefined {
  if (value === null || value === '' || value === 0 || value === false) return undefined;
  return typeof value === 'object' && Object.keys(value).length === 0 ? undefined : value;
}

/** Text, or a number or boolean as its text. */
export const text: Shape = (field) => kept(field.isNull ? '' : field.scalarText());

/** Text that must be written as text. */
export const plainText: Shape = (field) => kept(field.isNull ? '' : field.text());

export const flag: Shape = (field) => (field.isNull ? undefined : kept(field.boolean()));

/** A boolean that is printed also where it is false. */
export const choice: Shape = (field) => (field.isNull ? undefined : field.boolean());

export const integer: Shape = (field) => (field.isNull ? undefined : kept(field.integer()));

/** A whole number that is printed also where it is zero. */
export const count: Shape = (field) => (field.isNull ? undefined : field.integer());

/** A number with a fraction, in the precision that docker compose keeps. */
export const decimal: Shape = (field) => {
  if (field.isNull) return undefined;
  const found = Number(field.scalarText());
  if (!Number.isFinite(found) || found < 0)
    throw field.refusal(
      'COMPOSE_QUANTITY',
      `"${field.scalarText()}" is no such number; a number such as 0.5 is wanted`,
    );
  return kept(Number(Math.fround(found).toPrecision(7)));
};

/** A size, in bytes. */
export const bytes: Shape = (field) => (field.isNull ? undefined : kept(kept(readBytes(field))?.toString() ?? ''));

/** A size, or -1 for no limit. */
export const bytesOrUnlimited: Shape = (field) => {
  const value = field.node.kind === 'scalar' ? readScalar(field.node) : undefined;
  const isUnlimited = (value?.kind === 'number' ? value.text : value?.kind === 'string' && value.value) === '-1';
  return isUnlimited ? '-1' : bytes(field);
};

const UNITS: readonly (readonly [unit: string, nanos: bigint])[] = [
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
];

/** A duration as Go prints it: `1h0m0s`, `1m30s`, `500ms`. */
export const duration: Shape = (field) => {
  if (field.isNull) return undefined;
  const nanos = readDuration(field);
  if (nanos < 1_000_000_000n) return smallDuration(nanos);
  let rest = nanos;
  let printed = '';
  for (const [unit, size] of UNITS) {
    if (nanos >= size) printed += `${rest / size}${unit}`;
    rest %= size;
  }
  return `${printed}${fraction(rest, 1_000_000_000n)}s`;
};

function smallDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s';
  if (nanos < 1000n) return `${nanos}ns`;
  return nanos < 1_000_000n ? `${fraction(nanos, 1000n)}µs` : `${fraction(nanos, 1_000_000n)}ms`;
}

function fraction(nanos: bigint, unit: bigint): string {
  const rest = String(nanos % unit).padStart(String(unit).length - 1, '0');
  return `${nanos / unit}.${rest}`.replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : zeros));
}

/** A list, or one value that stands for a list of one; items that are left out leave no gap. */
export function list(item: Shape): Shape {
  return (field) => {
    const fields = field.node.kind === 'sequence' || field.isNull ? field.items() : [field];
    return kept(fields.flatMap((one) => item(one) ?? []));
  };
}

/** A list in which of two items with one key the later takes the place of the earlier, as when files are merged. */
export function distinct(item: Shape, keyOf: (item: Json) => string): Shape {
  return (field) => {
    const items = list(item)(field) ?? [];
    const all = Array.isArray(items) ? items : [];
    return kept([...new Map(all.map((one) => [keyOf(one), one])).values()]);
  };
}

/** What stands before an equals sign: the name of a setting. */
export function beforeEquals(item: Json): string {
  return String(item).split('=')[0] ?? '';
}

/** A member of an item that is a mapping, as text. */
export function member(key: string): (item: Json) => string {
  return (item) => {
    const isMapping = typeof item === 'object' && item !== null && !Array.isArray(item);
    return isMapping ? String((item as { readonly [name: string]: Json })[key] ?? '') : '';
  };
}

/** A mapping of names to texts; names without a value stay so where `whole`, and are empty texts elsewhere. */
export function pairs({ whole = false }: { readonly whole?: boolean } = {}): Shape {
  return (field) => {
    const entries = field.node.kind === 'sequence' ? fromList(field) : fromMapping(field);
    return kept(Object.fromEntries(entries.map(([name, value]) => [name, value ?? (whole ? null : '')])));
  };
}

function fromMapping(field: Field): readonly (readonly [string, string | undefined])[] {
  return field.entries().map(({ key, value }) => [key, value.isNull ? undefined : value.scalarText()]);
}

function fromList(field: Field): readonly (readonly [string, string | undefined])[] {
  return field.items().map((item) => {
    const written = item.text();
    const at = written.indexOf('=');
    return at === -1 ? [written, undefined] : [written.slice(0, at), written.slice(at + 1)];
  });
}

/** A mapping with these keys and no others; `x-*` is printed nowhere but at the top. */
export function object(shapes: Readonly<Record<string, Shape>>): (field: Field) => { readonly [key: string]: Json } {
  return (field) => {
    const printed: Record<string, Json> = {};
    for (const { key, keyAt, value } of field.entries()) {
      if (key.startsWith('x-')) continue;
      const shape = ownShape(shapes, key);
      if (shape === undefined) throw unknownKey(key, { ...keyAt, field: value.path }, Object.keys(shapes));
      const found = shape(value);
      if (found !== undefined) printed[key] = found;
    }
    return printed;
  };
}

function ownShape(shapes: Readonly<Record<string, Shape>>, key: string): Shape | undefined {
  return Object.hasOwn(shapes, key) ? shapes[key] : undefined;
}

/** A mapping of names that the user chose to one shape each. */
export function named(shape: Shape): Shape {
  return (field) => {
    const entries = field.entries().map(({ key, value }) => [key, shape(value) ?? null] as const);
    return kept(Object.fromEntries(entries));
  };
}

/** A shape whose empty result is left out. */
export function unlessEmpty(shape: Shape): Shape {
  return (field) => kept(shape(field) ?? null);
}

/** Whatever stands there, as YAML reads it. */
export const raw: Shape = (field) => {
  switch (field.node.kind) {
    case 'mapping':
      return Object.fromEntries(field.entries().map(({ key, value }) => [key, raw(value) ?? null]));
    case 'sequence':
      return field.items().map((item) => raw(item) ?? null);
    case 'scalar': {
      const value = readScalar(field.node);
      if (value.kind === 'null') return null;
      return value.kind === 'timestamp' ? field.node.text : value.value;
    }
  }
};
