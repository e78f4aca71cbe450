import { MooringError } from '@mooring/proto';
import { containerFields } from '../canonical/container-fields.ts';
import type { Fields } from '../canonical/fields.ts';
import type { InspectedContainer } from '../observe/inspected.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { failpoint } from './failpoint.ts';

type UpdateStep = Extract<ContainerStep, { kind: 'update-container' }>;
type KeepStep = Extract<ContainerStep, { kind: 'keep-container' }>;

/** Changes a container that goes on running. The look that follows decides whether it took: an engine's consent proves nothing. */
export async function updateContainer(parts: ApplyParts, step: UpdateStep): Promise<void> {
  const { engine } = parts;
  const { container, change } = step;
  if (change.limits !== undefined) await engine.updateContainer(container.id, change.limits);
  failpoint('update.limited');
  for (const network of change.disconnect) await engine.disconnectNetwork(network, container.id);
  failpoint('update.disconnected');
  for (const { network, endpoint } of change.connect) await engine.connectNetwork(network, container.id, endpoint);
  failpoint('update.connected');
  if (change.rename !== '') await engine.renameContainer(container.id, change.rename);
  failpoint('update.renamed');
  await noteSatisfied(parts, step);
}

/** The container satisfies another specification from now on; its label, which cannot change, goes on naming the one that it was made from. */
export async function noteSatisfied(
  { record, receipts, engine }: ApplyParts,
  step: UpdateStep | KeepStep,
): Promise<void> {
  const { container, service, stack, desired } = step;
  const after = await engine.inspectContainer(container.id);
  if (after === undefined) {
    const message = `Cannot update container ${step.name}: it was removed meanwhile; a container that is there is wanted`;
    throw new MooringError('ENGINE_CONFLICT', message);
  }
  record.remember({ kind: 'container', id: container.id, stack, key: service.name, specDigest: service.specDigest });
  const receipt = receipts.find(container.id);
  if (receipt !== undefined)
    receipts.put(container.id, { ...receipt, desired, fields: withSwap(receipt.fields, after.inspected) });
}

/** The engine makes swap of a change of memory: that is what is expected from now on. */
function withSwap(fields: Fields, inspected: InspectedContainer): Fields {
  const swap = containerFields(inspected, NO_NAMES).get(SWAP);
  const rest = new Map(fields);
  rest.delete(SWAP);
  return swap === undefined ? rest : rest.set(SWAP, swap);
}

const SWAP = 'memswap_limit';
const NO_NAMES = { networkKey: () => undefined, networkId: () => undefined };
