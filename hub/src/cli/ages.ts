const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** An age as Kubernetes' tools print it: `3s`, `4m`, `5h`, `6d`; `never` below zero. */
export function formatAge(ageMs: number): string {
  if (ageMs < 0) return 'never';
  if (ageMs < 2 * MINUTE_MS) return `${Math.floor(ageMs / SECOND_MS)}s`;
  if (ageMs < 2 * HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)}m`;
  if (ageMs < 2 * DAY_MS) return `${Math.floor(ageMs / HOUR_MS)}h`;
  return `${Math.floor(ageMs / DAY_MS)}d`;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** Milliseconds of `500ms`, `30s`, `5m`, `2h`, `1d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const factor = unit === undefined ? undefined : UNITS[unit];
  return count === undefined || factor === undefined ? undefined : Math.round(Number(count) * factor);
}
