import { sharedServices } from './expectation.ts';
import type { ContainerStep } from './step.ts';

/** A step that replaces a container. */
export type ReplaceStep = Extract<ContainerStep, { kind: 'replace-container' }>;

/**
 * Replacements that stand or fall together, each group in the order of the steps: a container whose namespaces others share, and those others, who
 * name it by its id. Most groups are of one.
 */
export function namespaceGroups(steps: readonly ContainerStep[]): readonly (readonly ReplaceStep[])[] {
  let groups: ReplaceStep[][] = [];
  for (const step of steps) {
    if (step.kind !== 'replace-container') continue;
    const shared = new Set(sharedServices(step.service));
    const joined = groups.filter((group) => group.some((other) => isOwner(other, shared)));
    groups = [...groups.filter((group) => !joined.includes(group)), [...joined.flat(), step]];
  }
  return groups;
}

/** The first replica is the one whose namespaces are shared. */
function isOwner({ service, replica }: ReplaceStep, shared: ReadonlySet<string>): boolean {
  return replica === 1 && shared.has(service.name);
}
