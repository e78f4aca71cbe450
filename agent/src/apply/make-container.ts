import { COMPOSE_LABELS, LABELS } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import { createBody } from '../plan/create-body.ts';
import type { DesiredStack } from '../plan/desired.ts';
import { sharedServices } from '../plan/expectation.ts';
import { isPassingName } from '../plan/kept-name.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { failpoint } from './failpoint.ts';

/** Creates a container for a step, and records it as ours before anything can start. Returns its id. */
export async function makeContainer(
  parts: ApplyParts,
  desired: DesiredStack,
  wish: { step: ContainerStep; old?: OwnContainer; name?: string },
): Promise<string> {
  const { engine, record, paths, fleetId } = parts;
  const { service, replica, name } = wish.step;
  makeDataFolders(parts, desired, wish.step);
  const namespaces = await namespaceOwners(parts, desired, wish.step);
  const { body, connectLater } = createBody({
    desired,
    service,
    replica,
    name,
    fleetId,
    paths,
    carriedOver: await volumesToCarry(parts, wish.step, wish.old),
    manyNetworks: engine.manyNetworksAtCreate,
    imageId: await engine.imageId(service.container?.image ?? ''),
    makesMountpoints: engine.makesMountpoints,
    mode: (mode) => `container:${namespaces.get(mode.replace('service:', '')) ?? mode}`,
  });
  const id = await engine.createContainer(wish.name ?? name, body, service.container?.platform ?? '');
  if (wish.name === undefined) failpoint('create.created');
  record.remember({ kind: 'container', id, stack: desired.stack, key: service.name, specDigest: service.specDigest });
  for (const { network, endpoint } of connectLater) await engine.connectNetwork(network, id, endpoint);
  return id;
}

/** Ids of the containers whose namespaces or volumes the service shares: the engine keeps ids, so that they are looked up at the last moment. */
async function namespaceOwners(
  { engine, record }: ApplyParts,
  { stack }: DesiredStack,
  { service }: ContainerStep,
): Promise<ReadonlyMap<string, string>> {
  const wanted = sharedServices(service);
  if (wanted.length === 0) return new Map();
  const containers = await engine.listContainers();
  const own = containers.filter(
    ({ id, name, labels }) => labels[LABELS.stack] === stack && record.has('container', id) && !isPassingName(name),
  );
  return new Map(
    wanted.flatMap((other) => {
      const owner = own
        .filter(({ labels }) => labels[LABELS.service] === other)
        .sort((a, b) => Number(a.labels[LABELS.replica]) - Number(b.labels[LABELS.replica]))[0];
      return owner === undefined ? [] : [[other, owner.id] as const];
    }),
  );
}

/** Volumes without a name go on where the specification or the new image still asks for one. */
async function volumesToCarry(
  { engine }: ApplyParts,
  { service }: ContainerStep,
  old: OwnContainer | undefined,
): Promise<ReadonlyMap<string, string>> {
  if (old === undefined || old.anonymousVolumes.length === 0) return new Map();
  const image = await engine.inspectImage(service.container?.image ?? '');
  const asked = new Set(Object.keys(image?.Volumes ?? {}));
  for (const { target, source } of service.container?.mounts ?? []) {
    if (source?.$case === 'anonymous') asked.add(target);
    else asked.delete(target);
  }
  return new Map(
    old.anonymousVolumes.flatMap(({ target, name }) => (asked.has(target) ? [[target, name] as const] : [])),
  );
}

/** Folders of data are made by us: the engine would make them too, but under names it never tells. */
function makeDataFolders({ paths, makeFolder }: ApplyParts, { stack }: DesiredStack, { service }: ContainerStep): void {
  // Labels name this one to humans.
  makeFolder(paths.data(stack, '.'));
  for (const { source } of service.container?.mounts ?? []) {
    if (source?.$case === 'dataPath') makeFolder(paths.data(stack, source.value));
  }
}

/** Labels of docker compose that networks and volumes carry. */
export function composeResourceLabels(kind: 'network' | 'volume', stack: string, key: string): Record<string, string> {
  return { [COMPOSE_LABELS.project]: stack, [COMPOSE_LABELS[kind]]: key };
}
