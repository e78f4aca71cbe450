import type { RepositoryReader } from '../compose/repository.ts';
import { problemsOf } from './problem.ts';
import { readFleet } from './read-fleet.ts';
import { type FleetRendering, renderFleet } from './render-fleet.ts';
import type { InventoryHost } from './rendering.ts';

/**
 * Renders a repository for the hosts that its fleet.yaml declares, or only for one of them, which need not be declared: what a person can
 * check before a commit, without a hub.
 */
export async function renderDeclared({
  repository,
  host,
}: {
  repository: RepositoryReader;
  host?: string | undefined;
}): Promise<FleetRendering> {
  const read = await readFleet(repository).catch((error: unknown) => ({
    kind: 'refused' as const,
    problems: problemsOf(error),
  }));
  if (read.kind === 'refused') return { kind: 'refused', problems: read.problems, warnings: [], memo: [] };
  const names = host === undefined ? read.fleet.namedHosts.map(({ name }) => name) : [host];
  const inventory: InventoryHost[] = [...new Set(names)].map((name) => ({ name, labels: {} }));
  return renderFleet({ repository, inventory, memo: [] });
}
