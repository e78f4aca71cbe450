/** Prefixes of enum values in the protocol; what follows is the word that people read. */
const ENUM_PREFIXES = [
  'SYNC_STATE_',
  'HEALTH_STATE_',
  'DRIFT_KIND_',
  'DRIFT_OBJECT_',
  'DRIFT_ACTION_',
  'DRIFT_MODE_',
  'SEVERITY_',
  'REVISION_VERDICT_',
  'ROLE_',
  'PULL_POLICY_',
  'DEPENDENCY_CONDITION_',
  'STEP_EFFECT_',
  'STACK_CHANGE_',
];

// States are capitalised, as in the field; everything else is lower case.
const CAPITALISED = new Set(['SYNC_STATE_', 'HEALTH_STATE_']);

/** `SYNC_STATE_OUT_OF_DATE` becomes `OutOfDate`, `SEVERITY_WARNING` becomes `warning`; other text stays. */
export function wordOf(text: string): string {
  const prefix = ENUM_PREFIXES.find((candidate) => text.startsWith(candidate));
  if (prefix === undefined) return text;
  const words = text.slice(prefix.length).toLowerCase().split('_');
  if (!CAPITALISED.has(prefix)) return words.join('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/**
 * A message's protobuf JSON in the words of the CLI: states as people read them, and times and counts as numbers (they stay below 2^53).
 * Values of the environment and labels are never touched: only known enum fields carry such prefixes.
 */
export function plain(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => plain(item, key));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name)]));
  }
  if (value === 0 && ENUM_KEYS.has(key)) return CAPITALISED_KEYS.has(key) ? 'Unspecified' : 'unspecified';
  if (typeof value !== 'string') return value;
  if (NUMERIC_KEY.test(key) && /^-?\d+$/.test(value)) return Number(value);
  return ENUM_KEYS.has(key) ? wordOf(value) : value;
}

const NUMERIC_KEY = /(?:Ms|Bytes|Nanos|[gG]eneration|[sS]equence|cursor|lostBefore|Size|size)$/;
const CAPITALISED_KEYS = new Set(['sync', 'health']);
const ENUM_KEYS = new Set([
  'sync',
  'health',
  'kind',
  'object',
  'action',
  'driftMode',
  'severity',
  'verdict',
  'role',
  'pullPolicy',
  'condition',
  'effect',
  'change',
]);
