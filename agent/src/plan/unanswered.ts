import type { Bundle, Service } from '@mooring/proto';
import type { UnknownContainer } from '../observe/observed.ts';
import { namespaceServices } from './expectation.ts';
import type { Finding } from './finding.ts';
import type { Step } from './step.ts';

/** What takes something away: it may be all that is left of a stack of which not everything is known. */
const REMOVALS: ReadonlySet<Step['kind']> = new Set(['remove-container', 'remove-network', 'replace-network']);

/**
 * Findings of a stack of which containers are unknown: what relies on one of those, and what takes something away, waits until it is known how they
 * are. Everything else is done as ever.
 */
export function waitForUnknown(
  findings: readonly Finding[],
  { services }: Pick<Bundle, 'services'>,
  unknown: readonly UnknownContainer[],
): readonly Finding[] {
  const [first] = unknown;
  if (first === undefined) return findings;
  const waiting = reliant(services, new Set(unknown.map(({ service }) => service)));
  return findings.map((finding) => {
    const relies = finding.object === 'container' && waiting.has(finding.service);
    if (!relies && !finding.steps.some(takesAway)) return finding;
    const left = finding.left || `it waits until the engine answers about container ${first.name}`;
    return { ...finding, steps: [], left };
  });
}

function takesAway(step: Step): boolean {
  return REMOVALS.has(step.kind) && !(step.kind === 'remove-container' && step.makesWay);
}

/** Services that depend on one of these or share its namespaces, through others too. */
function reliant(services: readonly Service[], of: ReadonlySet<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const service of services) {
      const needs = [...service.dependsOn.map((one) => one.service), ...namespaceServices(service)];
      if (needs.some((name) => of.has(name) || found.has(name))) found.add(service.name);
    }
  }
  return found;
}
