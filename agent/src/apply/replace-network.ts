import { MooringError, type Service } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from '../plan/desired.ts';
import { endpointOf } from '../plan/endpoint.ts';
import { linksOf } from '../plan/links.ts';
import type { Step } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { createNetwork } from './create-network.ts';
import { failpoint } from './failpoint.ts';
import { startContainer, stopContainer } from './stop-and-start.ts';

type ReplaceNetwork = Extract<Step, { kind: 'replace-network' }>;

/**
 * Makes a network anew and takes the stack's containers through it; they keep their ids. Nothing is stopped where a foreign container is on the
 * network. After a crash in between, the next plan finds a missing network and containers that are off it and stopped.
 */
export async function replaceNetwork(parts: ApplyParts, desired: DesiredStack, step: ReplaceNetwork): Promise<void> {
  const { engine, record } = parts;
  const { old, containers } = step;
  await refuseForeign(parts, step);
  const running = containers.filter(
    ({ status }) => status === 'running' || status === 'restarting' || status === 'paused',
  );
  await Promise.all(running.map(({ id, service }) => stopContainer(parts, id, serviceOf(desired, service))));
  failpoint('network.stopped');
  for (const { id } of containers) await engine.disconnectNetwork(old.id, id);
  failpoint('network.disconnected');
  let failure: unknown;
  try {
    await engine.removeNetwork(old.id);
    record.forget('network', old.id);
    failpoint('network.removed');
    await createNetwork(parts, step.stack, step.network);
    failpoint('network.created');
  } catch (error) {
    failure = error;
  }
  // Onto the new network, or onto the old one that could not be removed. The first failure is the one that says why.
  try {
    await bringBack(parts, desired, { step, running });
  } catch (error) {
    throw failure ?? error;
  }
  if (failure !== undefined) throw failure;
}

function serviceOf({ bundle }: DesiredStack, wanted: string): Service | undefined {
  return bundle.services.find(({ name }) => name === wanted);
}

async function refuseForeign({ engine }: ApplyParts, { old, containers }: ReplaceNetwork): Promise<void> {
  const own = new Set(containers.map(({ id }) => id));
  const attached = (await engine.attachedTo(old.id)) ?? [];
  const foreign = attached.filter((id) => !own.has(id));
  if (foreign.length === 0) return;
  const message = `Cannot replace network ${old.name}: ${foreign.length} containers that are not of the stack are on it; none but its own are wanted`;
  throw new MooringError('FOREIGN_OBJECT', message, {
    hint: `See which: docker network inspect ${old.name}. Take them off it by hand.`,
  });
}

async function bringBack(
  parts: ApplyParts,
  desired: DesiredStack,
  { step, running }: { step: ReplaceNetwork; running: readonly OwnContainer[] },
): Promise<void> {
  const { engine } = parts;
  const { network, containers } = step;
  for (const container of containers) {
    const service = serviceOf(desired, container.service);
    const attachment = service?.container?.networks.find((wanted) => wanted.network === network.key);
    if (service === undefined || attachment === undefined) continue;
    const links = linksOf(service, desired, container.replica);
    const endpoint = endpointOf(service, attachment, { name: container.name, links });
    await engine.connectNetwork(network.name, container.id, endpoint);
  }
  failpoint('network.connected');
  await Promise.all(running.map(({ id, service }) => startContainer(parts, id, serviceOf(desired, service))));
  failpoint('network.started');
}
