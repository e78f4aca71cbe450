import type { Service } from '@mooring/proto';
import type { Observed, OwnContainer } from '../observe/observed.ts';
import { namespaceModes, namespaceOwner } from './expectation.ts';

/** A namespace that a container shares with nobody any more. */
export interface StaleNamespace {
  /** Field of the service that names the owner. */
  readonly field: string;
  readonly owner: string;
}

/**
 * The namespaces of a container are as old as its last start: whoever runs for longer than the one whose namespace it shares stands in the one from
 * before, and hears nothing any more. Undefined: it shares none, or the right one.
 */
export function staleNamespace(
  service: Service,
  container: OwnContainer,
  observed: Pick<Observed, 'containers' | 'unknown' | 'atMs'>,
): StaleNamespace | undefined {
  if (container.status !== 'running') return undefined;
  for (const mode of namespaceModes(service)) {
    const owner = namespaceOwner(mode, container.stack, observed);
    if (owner === undefined || !('status' in owner) || owner.status !== 'running') continue;
    if (owner.startedAtMs <= container.startedAtMs) continue;
    // A start in the future is of a clock that was set back since: it says nothing.
    if (owner.startedAtMs <= observed.atMs) return { field: fieldOf(service, mode), owner: owner.name };
  }
  return undefined;
}

function fieldOf({ container }: Service, mode: string): string {
  if (container?.networkMode === mode) return 'network_mode';
  return container?.pidMode === mode ? 'pid' : 'ipc';
}
