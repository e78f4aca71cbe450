import { resolve } from 'node:path';
import {
  Bundle,
  MAX_GRPC_MESSAGE_BYTES,
  MooringError,
  type PlannedHost,
  type PlanRequest,
  type RenderProblem,
} from '@mooring/proto';
import type { InventoryHost, Rendering } from '../../render/rendering.ts';
import { parseSelector, selects } from '../../render/selector.ts';
import { FolderTree } from '../../source/folder.ts';
import type { Hub } from '../session.ts';
import { allPages, PAGE_SIZE } from './pages.ts';

/** Which hosts a plan is for; empty: all. */
export interface Narrowing {
  readonly hosts: readonly string[];
  readonly selector: string;
}

/** Who knows the hosts of the fleet. */
export type Inventory = Pick<Hub['fleet'], 'listHosts'>;

/** A working copy rendered for the fleet as it is, or why it does not render. */
export type WorkingCopy =
  | {
      readonly kind: 'rendered';
      readonly requests: readonly PlanRequest[];
      readonly warnings: readonly RenderProblem[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly RenderProblem[] };

/** Room in a message for what goes with a bundle. */
const FRAME_BYTES = 1024;

/** Renders a folder as the hub would render it if it were pushed, and puts the question what the hosts would do. Throws PLAN_TOO_LARGE, NOT_FOUND. */
export async function renderWorkingCopy(fleet: Inventory, dir: string, narrowing: Narrowing): Promise<WorkingCopy> {
  const inventory = await readInventory(fleet);
  // Most of the program is the renderer, and most commands and the hub itself need none.
  const { renderFleet } = await import('../../render/render-fleet.ts');
  const rendering = await renderFleet({ repository: new FolderTree(resolve(dir)), inventory, memo: [] });
  if (rendering.kind === 'refused') return rendering;
  const { warnings } = rendering.rendering;
  return { kind: 'rendered', requests: requestsOf(rendering.rendering, narrowing), warnings };
}

/** Hosts with the labels that they joined with: the labels of the working copy's fleet.yaml come on top, whatever Git says now. */
async function readInventory(fleet: Inventory): Promise<readonly InventoryHost[]> {
  const hosts = await allPages(async (pageToken) => {
    const page = await fleet.listHosts({ pageSize: PAGE_SIZE, pageToken, selector: '' });
    return { items: page.hosts, next: page.nextPageToken };
  });
  return hosts
    .filter(({ revoked }) => !revoked)
    .map(({ name, joinedLabels }) => ({
      name,
      labels: Object.fromEntries(joinedLabels.map((label) => [label.name, label.value])),
    }));
}

function requestsOf(rendering: Rendering, { hosts: names, selector: text }: Narrowing): readonly PlanRequest[] {
  const unknown = names.find((name) => rendering.hosts.every(({ host }) => host !== name));
  if (unknown !== undefined) {
    const message = `Cannot plan for host ${unknown}: it is not in the fleet; a host that joined is wanted`;
    throw new MooringError('NOT_FOUND', message, { hint: '`mooring hosts` lists the hosts.' });
  }
  const selector = parseSelector(text);
  const hosts = rendering.hosts
    .filter(({ host, labels }) => (names.length === 0 || names.includes(host)) && selects(selector, labels))
    .map(
      ({ host, stacks, problems }): PlannedHost => ({
        host,
        stacks: stacks.map((stack) => ({ ...stack, ignore: [...stack.ignore] })),
        kept: [...problems],
      }),
    );
  const used = new Set(hosts.flatMap(({ stacks }) => stacks.map(({ bundleDigest }) => bundleDigest)));
  const bundles = rendering.classes.filter(({ bundleDigest }) => used.has(bundleDigest));
  return [
    ...bundles.map(({ stack, bundle }): PlanRequest => ({ part: { $case: 'bundle', value: encoded(stack, bundle) } })),
    ...hosts.map((value): PlanRequest => ({ part: { $case: 'host', value } })),
  ];
}

function encoded(stack: string, bundle: Bundle): Buffer {
  const bytes = Buffer.from(Bundle.encode(bundle).finish());
  if (bytes.byteLength + FRAME_BYTES <= MAX_GRPC_MESSAGE_BYTES) return bytes;
  const message = `Cannot plan stack ${stack}: its bundle has ${bytes.byteLength} bytes; at most ${MAX_GRPC_MESSAGE_BYTES} are wanted`;
  throw new MooringError('PLAN_TOO_LARGE', message, { hint: 'Push it to a branch, and plan that.' });
}
