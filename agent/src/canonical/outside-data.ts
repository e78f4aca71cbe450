/** Readers of what an engine said: whatever has another type than expected reads as not set. */

export function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : NO_LIST;
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : NO_RECORD;
}

export function recordsOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(recordOf) : NO_LIST;
}

export function textRecordOf(value: unknown): Readonly<Record<string, string>> {
  const record = recordOf(value);
  return record === NO_RECORD
    ? {}
    : Object.fromEntries(Object.entries(record).map(([name, text]) => [name, String(text)]));
}

// Most of what an engine tells is not set: one nothing serves for all.
const NO_LIST: readonly never[] = [];
const NO_RECORD: Readonly<Record<string, never>> = {};

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
