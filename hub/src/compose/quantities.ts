import type { Field } from './field.ts';
import { readScalar } from './scalar.ts';

// All units are powers of 1024, as docker's go-units reads them.
const UNIT_POWERS: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
const BYTES = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i;

/** Bytes of `64m`, `1.5g`, `1048576`. Throws COMPOSE_QUANTITY. */
export function readBytes(field: Field): number {
  const value = field.node.kind === 'scalar' ? readScalar(field.node) : undefined;
  const text = value?.kind === 'number' ? value.text : field.text();
  const [, count, unit = ''] = BYTES.exec(text.trim()) ?? [];
  const power = UNIT_POWERS[unit.toLowerCase()];
  const bytes = count === undefined || power === undefined ? Number.NaN : Math.trunc(Number(count) * 1024 ** power);
  if (!Number.isSafeInteger(bytes)) {
    throw field.refusal('COMPOSE_QUANTITY', `"${text}" is not a size; a size such as 64m or 1.5g is wanted`);
  }
  return bytes;
}

const NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)/gy;
/** The engine and the protocol keep nanoseconds in 64 bits with a sign. */
const MAX_NANOS = 2n ** 63n - 1n;
/** Characters of a duration: more is none, and would take time to convert. */
const MAX_DURATION_LENGTH = 100;

/** Whole seconds of a duration; what is left over is cut off, as docker compose does. Throws COMPOSE_DURATION and COMPOSE_QUANTITY. */
export function readSeconds(field: Field): number {
  const seconds = readDuration(field) / 1_000_000_000n;
  if (seconds <= MAX_SECONDS) return Number(seconds);
  throw field.refusal('COMPOSE_QUANTITY', 'it is longer than 68 years; less is wanted');
}

/** Billionths of `0.5` CPUs. Throws COMPOSE_QUANTITY. */
export function readNanoCpus(field: Field): number {
  const text = field.scalarText().trim();
  const nanos = /^\d{1,9}(?:\.\d{0,30})?$|^\.\d{1,30}$/.test(text) ? Math.round(Number(text) * 1e9) : Number.NaN;
  if (Number.isSafeInteger(nanos)) return nanos;
  throw field.refusal('COMPOSE_QUANTITY', `"${text}" is no number of CPUs; a number such as 0.5 or 2 is wanted`);
}

/** The engine keeps seconds in 32 bits with a sign. */
const MAX_SECONDS = 2n ** 31n - 1n;

/** Nanoseconds of `1m30s`, `500ms`. A number without unit is no duration. Throws COMPOSE_DURATION. */
export function readDuration(field: Field): bigint {
  const value = field.node.kind === 'scalar' ? readScalar(field.node) : undefined;
  const text = value?.kind === 'string' ? value.value : '';
  if (text === '0') return 0n;
  const parts = text.length > MAX_DURATION_LENGTH ? [] : [...text.matchAll(PART)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length !== text.length) {
    throw field.refusal('COMPOSE_DURATION', 'it is not a duration; a duration with units such as 1m30s is wanted');
  }
  const nanos = parts.reduce((sum, [, count = '0', unit = 'ns']) => sum + scaled(count, NANOS[unit] ?? 1n), 0n);
  if (nanos > MAX_NANOS) throw field.refusal('COMPOSE_QUANTITY', 'it is longer than 292 years; less is wanted');
  return nanos;
}

function scaled(count: string, factor: bigint): bigint {
  const [whole = '0', fraction = ''] = count.split('.');
  const digits = BigInt(whole + fraction) * factor;
  return digits / 10n ** BigInt(fraction.length);
}

// The engine refuses what is shorter (Engine API, ContainerCreate: "0 or at least 1000000").
const SHORTEST_NANOS = 1_000_000n;

/** A duration that the engine takes for healthchecks: 0 or at least a millisecond. Throws COMPOSE_QUANTITY. */
export function readHealthDuration(field: Field | undefined): bigint {
  if (field === undefined) return 0n;
  const nanos = readDuration(field);
  if (nanos !== 0n && nanos < SHORTEST_NANOS) {
    throw field.refusal('COMPOSE_QUANTITY', 'it is shorter than the engine takes; 1ms or more is wanted');
  }
  return nanos;
}
