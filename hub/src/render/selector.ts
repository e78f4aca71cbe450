import { MooringError } from '@mooring/proto';

/**
 * One term of a selector. `in` with a missing label is false, `not-in` with a missing label is true, as in Kubernetes
 * (kubernetes/apimachinery, pkg/labels/selector.go).
 */
type Term =
  | { readonly kind: 'in' | 'not-in'; readonly key: string; readonly values: ReadonlySet<string> }
  | { readonly kind: 'exists' | 'not-exists'; readonly key: string };

/** A parsed selector: every term must hold. Without terms it selects every host. */
export interface Selector {
  readonly text: string;
  readonly terms: readonly Term[];
}

/** A label's key: an optional DNS prefix and "/", then at most 63 of letters, digits, "-", "_", "." between letters or digits. */
const KEY = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

/** Characters of a selector that are read at all: hundreds of terms fit. */
const MAX_SELECTOR_LENGTH = 4096;

/** True for a valid key of a host label. */
export function isLabelKey(text: string): boolean {
  return KEY.test(text);
}

/** True for a valid value of a host label. */
export function isLabelValue(text: string): boolean {
  return VALUE.test(text);
}

/** Reads Kubernetes' selector grammar: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas. Throws FLEET_SELECTOR. */
export function parseSelector(text: string): Selector {
  if (text.length > MAX_SELECTOR_LENGTH) {
    throw refusal(`${text.slice(0, 40)}…`, `it has ${text.length} characters; at most ${MAX_SELECTOR_LENGTH} are read`);
  }
  if (text.trim() === '') return { text, terms: [] };
  return { text, terms: splitTerms(text).map((term) => parseTerm(term, text)) };
}

/** True when every term holds for the labels. */
export function selects(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return selector.terms.every((term) => holds(term, labels));
}

function holds(term: Term, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, term.key) ? labels[term.key] : undefined;
  switch (term.kind) {
    case 'exists':
      return value !== undefined;
    case 'not-exists':
      return value === undefined;
    case 'in':
      return value !== undefined && term.values.has(value);
    case 'not-in':
      return value === undefined || !term.values.has(value);
  }
}

/** Splits at the commas outside of parentheses. */
function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0 || depth > 1) throw refusal(text, `its parentheses do not pair at character ${index + 1}`);
    if (character === ',' && depth === 0) {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  if (depth !== 0) throw refusal(text, 'a parenthesis is not closed');
  terms.push(text.slice(start));
  return terms;
}

const SET_TERM = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/;
const EQUALITY_TERM = /^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$/;
const EXISTENCE_TERM = /^(!?)\s*([^=!\s()]+)$/;

function parseTerm(term: string, text: string): Term {
  const trimmed = term.trim();
  if (trimmed === '') throw refusal(text, 'a term between two commas is empty');
  const set = SET_TERM.exec(trimmed);
  if (set) {
    const values = (set[3] ?? '').split(',').map((value) => checkValue(value.trim(), text));
    if (values.every((value) => value === '')) throw refusal(text, `"${trimmed}" names no value`);
    return { kind: set[2] === 'in' ? 'in' : 'not-in', key: checkKey(set[1] ?? '', text), values: new Set(values) };
  }
  const equality = EQUALITY_TERM.exec(trimmed);
  if (equality) {
    const values = new Set([checkValue(equality[3] ?? '', text)]);
    return { kind: equality[2] === '!=' ? 'not-in' : 'in', key: checkKey(equality[1] ?? '', text), values };
  }
  const existence = EXISTENCE_TERM.exec(trimmed);
  if (existence) {
    return { kind: existence[1] === '!' ? 'not-exists' : 'exists', key: checkKey(existence[2] ?? '', text) };
  }
  throw refusal(text, `"${trimmed}" is not a term`);
}

function checkKey(key: string, text: string): string {
  if (!isLabelKey(key)) throw refusal(text, `"${key}" is not a label key`);
  return key;
}

function checkValue(value: string, text: string): string {
  if (!isLabelValue(value)) throw refusal(text, `"${value}" is not a label value`);
  return value;
}

function refusal(text: string, what: string): MooringError {
  return new MooringError(
    'FLEET_SELECTOR',
    `Cannot read selector "${text}": ${what}; a=b, a!=b, a in (b,c), a notin (b,c), a or !a, joined by commas, is wanted`,
  );
}
