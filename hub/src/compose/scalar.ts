import type { ScalarNode } from './yaml-node.ts';

/** What a scalar means. `text` of a number is what Go prints for it, in which no digit of a long one is lost. */
export type ScalarValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'string'; readonly value: string };

type NumberValue = Extract<ScalarValue, { kind: 'number' }>;

const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);
/** A leading zero is octal, as in YAML 1.1: `0440` is 288. */
const INTEGER = /^([-+]?)(?:(0[xX][0-9a-fA-F]+)|(0[bB][01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/;
/** Characters of a number: more is no setting, and converting them takes time that grows with their square. */
const MAX_NUMBER_LENGTH = 100;
/** Go reads integers that fit 64 bits, and everything larger as a float. */
const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 64n - 1n;

/** Reads a scalar as Go's yaml.v3 does, which is what docker compose uses: `no`, `on` and `22:22` are strings, `010` is 8. */
export function readScalar(node: ScalarNode): ScalarValue {
  const { text } = node;
  if (!node.plain) return { kind: 'string', value: text };
  if (NULL.has(text)) return { kind: 'null' };
  if (TRUE.has(text)) return { kind: 'boolean', value: true };
  if (FALSE.has(text)) return { kind: 'boolean', value: false };
  if (text.length > MAX_NUMBER_LENGTH || !/^[-+.0-9]/.test(text)) return { kind: 'string', value: text };
  if (TIMESTAMP.test(text)) return { kind: 'timestamp' };
  return readNumber(text) ?? { kind: 'string', value: text };
}

function readNumber(text: string): NumberValue | undefined {
  if (INFINITY.test(text)) return float(text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  if (NOT_A_NUMBER.test(text)) return float(Number.NaN);
  // Go drops underscores from what begins like a number: `1_000` is a thousand.
  const digits = text.startsWith('.') ? text : text.replaceAll('_', '');
  const integer = readInteger(digits);
  if (integer !== undefined && integer >= MIN_INTEGER && integer <= MAX_INTEGER)
    return { kind: 'number', value: Number(integer), text: integer.toString() };
  return FLOAT.test(digits) ? float(Number(digits)) : undefined;
}

function readInteger(digits: string): bigint | undefined {
  const [found, sign, hexadecimal, binary, octal, decimal] = INTEGER.exec(digits) ?? [];
  if (found === undefined) return undefined;
  const magnitude = BigInt(hexadecimal ?? binary ?? (octal === undefined ? (decimal ?? '0') : `0o${octal}`));
  return sign === '-' ? -magnitude : magnitude;
}

function float(value: number): NumberValue {
  return { kind: 'number', value, text: goText(value) };
}

/** What Go's fmt prints for a float64: the shortest text that reads back, with an exponent below 1e-4 and from 1e21. */
function goText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-4 && magnitude < 1e21)) return String(value);
  return value.toExponential().replace(/e([-+])(\d)$/, 'e$10$2');
}
