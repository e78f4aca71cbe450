import type { ScalarNode } from './yaml-node.ts';

/** What a scalar means. */
export type ScalarValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'string'; readonly value: string };

const NULL = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);
const DECIMAL = /^[-+]?(?:0|[1-9][0-9_]*)$/;
const HEXADECIMAL = /^[-+]?0x[0-9a-fA-F_]+$/;
/** A leading zero is octal, as in YAML 1.1: `0440` is 288. */
const OCTAL = /^[-+]?0o?[0-7_]+$/;
const BINARY = /^[-+]?0b[01_]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const INFINITY = /^[-+]?\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;
const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/;

/** Reads a scalar as Go's yaml.v3 does, which is what docker compose uses: `no`, `on` and `22:22` are strings, `010` is 8. */
export function readScalar(node: ScalarNode): ScalarValue {
  const { text } = node;
  if (!node.plain) return { kind: 'string', value: text };
  if (NULL.has(text)) return { kind: 'null' };
  if (TRUE.has(text)) return { kind: 'boolean', value: true };
  if (FALSE.has(text)) return { kind: 'boolean', value: false };
  const number = readNumber(text);
  if (number !== undefined) return { kind: 'number', value: number };
  return TIMESTAMP.test(text) ? { kind: 'timestamp' } : { kind: 'string', value: text };
}

function readNumber(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  if (DECIMAL.test(text)) return sign * Number(digits);
  if (HEXADECIMAL.test(text)) return sign * Number.parseInt(digits.slice(2), 16);
  if (OCTAL.test(text)) return sign * Number.parseInt(digits.replace(/^0o?/, '') || '0', 8);
  if (BINARY.test(text)) return sign * Number.parseInt(digits.slice(2), 2);
  if (FLOAT.test(text)) return Number(text);
  if (INFINITY.test(text)) return sign * Number.POSITIVE_INFINITY;
  return NOT_A_NUMBER.test(text) ? Number.NaN : undefined;
}
