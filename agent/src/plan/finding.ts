import { type Drift, DriftAction, DriftKind, DriftMode, DriftObject } from '@mooring/proto';
import type { DesiredStack } from './desired.ts';
import type { Step } from './step.ts';

/** One thing that is not as desired, and the steps that put it right. */
export interface Finding {
  /** `changed`: Git wants something else than before, which is no drift. `image-moved`: the same reference names another image. */
  readonly kind: 'changed' | 'missing' | 'extra' | 'modified' | 'conflict' | 'image-moved';
  readonly object: 'container' | 'network' | 'volume';
  readonly service: string;
  readonly replica: number;
  readonly name: string;
  /** Field in Compose's own path below its service, network or volume; empty for whole objects. */
  readonly field: string;
  /** Text that may be shown. */
  readonly desired: string;
  readonly observed: string;
  readonly steps: readonly Step[];
  /** Why nothing is done about it; empty: the steps of this finding, or of another one of the same object, put it right. */
  readonly left: string;
  /** Somebody must act: nothing of it is ever touched. */
  readonly stuck?: boolean;
}

const KINDS = {
  missing: DriftKind.DRIFT_KIND_MISSING,
  extra: DriftKind.DRIFT_KIND_EXTRA,
  modified: DriftKind.DRIFT_KIND_MODIFIED,
  conflict: DriftKind.DRIFT_KIND_CONFLICT,
  'image-moved': DriftKind.DRIFT_KIND_IMAGE_MOVED,
} as const;

const OBJECTS = {
  container: DriftObject.DRIFT_OBJECT_CONTAINER,
  network: DriftObject.DRIFT_OBJECT_NETWORK,
  volume: DriftObject.DRIFT_OBJECT_VOLUME,
} as const;

/** What a drift list is made from, beside the findings. */
export interface DriftScope {
  readonly desired: DesiredStack;
  /** Whether this bundle was ever applied whole: before, what is missing is only on its way. */
  readonly applied: boolean;
  /** Why nothing at all is done at the moment; undefined: something is. */
  readonly action: DriftAction | undefined;
  sinceMs(key: string): number;
}

/** What the drift list says of a finding; nothing for what Git just changed, for what is ignored, and before the stack was ever applied. */
export function describeDrift(finding: Finding, { desired, applied, action, sinceMs }: DriftScope): Drift[] {
  const { kind } = finding;
  if (kind === 'changed') return [];
  if (!applied && kind !== 'conflict' && finding.stuck !== true) return [];
  const path = pathOf(finding);
  if (isIgnored(desired.ignore, path)) return [];
  const key = [desired.stack, path, kind, finding.name].join(' ');
  return [
    {
      host: '',
      stack: desired.stack,
      service: finding.service,
      replica: finding.replica,
      kind: KINDS[kind],
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

/** Path of what a finding is about from the root of the Compose file. */
export function pathOf({
  object,
  service,
  name,
  field,
}: Pick<Finding, 'object' | 'service' | 'name' | 'field'>): string {
  const root = object === 'container' ? `services.${service}` : `${object}s.${name}`;
  return field === '' ? root : `${root}.${field}`;
}

/** An ignore rule covers its own path and everything below. */
export function isIgnored(rules: readonly string[], path: string): boolean {
  return rules.some((rule) => path === rule || path.startsWith(`${rule}.`));
}

function actionOn(
  { kind, left, stuck }: Finding,
  { driftMode }: DesiredStack,
  action: DriftAction | undefined,
): Pick<Drift, 'action' | 'reason'> {
  if (kind === 'conflict' || stuck === true) return { action: DriftAction.DRIFT_ACTION_STUCK, reason: left };
  if (driftMode === DriftMode.DRIFT_MODE_REPORT)
    return { action: DriftAction.DRIFT_ACTION_REPORTED, reason: 'the stack only reports drift' };
  if (action !== undefined) return { action, reason: '' };
  if (left !== '') return { action: DriftAction.DRIFT_ACTION_BACKING_OFF, reason: left };
  return { action: DriftAction.DRIFT_ACTION_CORRECTING, reason: '' };
}
