import { mkdirSync } from 'node:fs';
import { COMPOSE_LABELS } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import { createBody } from '../plan/create-body.ts';
import type { DesiredStack } from '../plan/desired.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';

/** Creates a container for a step, and records it as ours before anything can start. Returns its id. */
export async function makeContainer(
  parts: ApplyParts,
  desired: DesiredStack,
  wish: { step: ContainerStep; old?: OwnContainer; name?: string },
): Promise<string> {
  const { engine, record, paths, fleetId } = parts;
  const { service, replica } = wish.step;
  const name = wish.name ?? wish.step.name;
  makeDataFolders(parts, desired, wish.step);
  const carriedOver = new Map((wish.old?.anonymousVolumes ?? []).map((volume) => [volume.target, volume.name]));
  const { body, connectLater } = createBody({
    desired,
    service,
    replica,
    name: wish.step.name,
    fleetId,
    paths,
    carriedOver,
    manyNetworks: engine.manyNetworksAtCreate,
  });
  const id = await engine.createContainer(name, body);
  record.remember({ kind: 'container', id, stack: desired.stack, key: service.name, specDigest: service.specDigest });
  for (const { network, aliases } of connectLater) await engine.connectNetwork(network, id, aliases);
  return id;
}

/** Folders of data are made by us: the engine would make them too, but under names it never tells. */
function makeDataFolders({ paths }: ApplyParts, { stack }: DesiredStack, { service }: ContainerStep): void {
  for (const { source } of service.container?.mounts ?? []) {
    if (source?.$case === 'dataPath') mkdirSync(paths.data(stack, source.value), { recursive: true });
  }
}

/** Labels of docker compose that networks and volumes carry. */
export function composeResourceLabels(kind: 'network' | 'volume', stack: string, key: string): Record<string, string> {
  return { [COMPOSE_LABELS.project]: stack, [COMPOSE_LABELS[kind]]: key };
}
