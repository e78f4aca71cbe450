import { Bundle, type RenderProblem } from '@mooring/proto';
import type { RepositoryReader } from '../compose/repository.ts';
import { renderClass } from './class-renderer.ts';
import { problemsOf } from './problem.ts';
import { readFleet } from './read-fleet.ts';
import { type FleetRendering, renderFleet } from './render-fleet.ts';
import type { InventoryHost, PlainObject } from './rendering.ts';
import { READ_LIMITS } from './trace.ts';
import { builtInVariables, layered } from './variables.ts';

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

/** One Compose file rendered by itself, or why it does not render. */
export type FileRendering =
  | {
      readonly kind: 'rendered';
      readonly bundle: Bundle;
      readonly bundleDigest: string;
      readonly objects: readonly PlainObject[];
      readonly warnings: readonly RenderProblem[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly RenderProblem[] };

/** Renders one Compose file as a stack of that name, without any host and without fleet.yaml. `path` is relative to the repository. */
export async function renderComposeFile({
  repository,
  path,
  stack,
}: {
  repository: RepositoryReader;
  path: string;
  stack: string;
}): Promise<FileRendering> {
  const slash = path.lastIndexOf('/');
  const input = { stack, folder: slash < 0 ? '' : path.slice(0, slash), files: [path.slice(slash + 1)] };
  const { entry, objects } = await renderClass(input, {
    repository,
    variables: layered([builtInVariables(stack, undefined)]),
    limits: READ_LIMITS,
  });
  if (entry.result.kind === 'failed') return { kind: 'refused', problems: entry.result.problems };
  const { bytes, bundleDigest, warnings } = entry.result;
  return { kind: 'rendered', bundle: Bundle.decode(bytes), bundleDigest, objects, warnings };
}
