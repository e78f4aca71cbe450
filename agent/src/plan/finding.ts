import { type Drift, DriftAction, DriftKind, DriftMode, DriftObject } from '@mooring/proto';
import type { DesiredStack } from './desired.ts';
import type { Step } from './step.ts';

/** One thing that is not as desired, and the steps that put it right. */
export interface Finding {
  /** `changed`: Git wants something else than before, which is no drift. */
  readonly kind: 'changed' | 'missing' | 'extra' | 'modified' | 'conflict';
  readonly object: 'container' | 'network' | 'volume';
  readonly service: string;
  readonly replica: number;
  readonly name: string;
  /** Field in Compose's own path; empty for whole objects. */
  readonly field: string;
  readonly desired: string;
  readonly observed: string;
  readonly steps: readonly Step[];
}

const KINDS = {
  missing: DriftKind.DRIFT_KIND_MISSING,
  extra: DriftKind.DRIFT_KIND_EXTRA,
  modified: DriftKind.DRIFT_KIND_MODIFIED,
  conflict: DriftKind.DRIFT_KIND_CONFLICT,
} as const;

const OBJECTS = {
  container: DriftObject.DRIFT_OBJECT_CONTAINER,
  network: DriftObject.DRIFT_OBJECT_NETWORK,
  volume: DriftObject.DRIFT_OBJECT_VOLUME,
} as const;

/** What the drift list says of a finding; nothing for what Git just changed, for what is ignored, and before the stack was ever applied. */
export function describeDrift(
  finding: Finding,
  scope: { desired: DesiredStack; applied: boolean; action: DriftAction | undefined; sinceMs: (key: string) => number },
): Drift[] {
  const { desired, applied, action, sinceMs } = scope;
  if (finding.kind === 'changed') return [];
  if (!applied && finding.kind !== 'conflict') return [];
  const path = [
    finding.object === 'container' ? `services.${finding.service}` : `${finding.object}s.${finding.name}`,
    finding.field,
  ]
    .filter((part) => part !== '')
    .join('.');
  if (isIgnored(desired.ignore, path)) return [];
  const key = [desired.stack, path, finding.kind, finding.name].join(' ');
  return [
    {
      host: '',
      stack: desired.stack,
      service: finding.service,
      replica: finding.replica,
      kind: KINDS[finding.kind],
      object: OBJECTS[finding.object],
      name: finding.name,
      field: finding.field === '' ? '' : path,
      desired: finding.desired,
      observed: finding.observed,
      sinceMs: BigInt(sinceMs(key)),
      ...actionOn(finding, desired, action),
    },
  ];
}

/** An ignore rule covers its own path and everything below. */
export function isIgnored(rules: readonly string[], path: string): boolean {
  return rules.some((rule) => path === rule || path.startsWith(`${rule}.`));
}

function actionOn(
  { kind, steps }: Finding,
  { driftMode }: DesiredStack,
  action: DriftAction | undefined,
): Pick<Drift, 'action' | 'reason'> {
  if (kind === 'conflict')
    return { action: DriftAction.DRIFT_ACTION_STUCK, reason: 'a foreign object has the name; it is never touched' };
  if (driftMode === DriftMode.DRIFT_MODE_REPORT)
    return { action: DriftAction.DRIFT_ACTION_REPORTED, reason: 'the stack only reports drift' };
  if (action !== undefined) return { action, reason: '' };
  if (steps.length === 0)
    return { action: DriftAction.DRIFT_ACTION_BACKING_OFF, reason: 'it was tried; the next try waits' };
  return { action: DriftAction.DRIFT_ACTION_CORRECTING, reason: '' };
}
