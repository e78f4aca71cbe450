import { type ContainerDetails, isPassingName } from '@mooring/agent/fakes';
import { containerName, LABELS, type Service } from '@mooring/proto';
import type { SimEngine } from './sim-engine.ts';
import type { SimHost } from './sim-host.ts';
import type { NewestIssued } from './sim-hub.ts';
import { builtOf } from './stacks.ts';

/** How the engine of a host is, measured by what was issued. */
export interface EngineTruth {
  /** Everything that differs. */
  readonly wrong: readonly string[];
  /** Ids of the containers that are as wanted. */
  readonly sound: readonly string[];
}

/** Compares the engine with the assignment field by field, for the fields that simulated stacks set: on purpose not by the product's own comparison. */
export async function truthOf(
  { engine, clockWasSet }: SimHost,
  issued: NewestIssued,
  fleetId: string,
): Promise<EngineTruth> {
  const isJudged = ({ inspected }: ContainerDetails) =>
    !(clockWasSet && inspected.Mounts?.some(({ Type }) => Type === 'bind') === true);
  const all: ContainerDetails[] = [];
  for (const { id } of await engine.real.listContainers()) {
    const details = await engine.real.inspectContainer(id);
    if (details !== undefined) all.push(details);
  }
  const ours = all.filter(({ labels }) => labels[LABELS.fleet] === fleetId);
  const sound: string[] = [];
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const [stack, digest] of issued.stacks) {
    for (const service of builtOf(digest)?.bundle.services ?? []) {
      for (let replica = 1; replica <= service.replicas; replica += 1) {
        const name = containerName(stack, service.name, replica);
        const found = ours.find(({ labels }) => isReplica(labels, stack, service.name, replica));
        const why = found === undefined ? 'is not there' : difference(engine, found, { stack, service, name });
        if (found !== undefined) seen.add(found.id);
        if (why !== '') wrong.push(`${name} ${why}`);
        else if (found !== undefined && isJudged(found)) sound.push(found.id);
      }
    }
  }
  for (const { id, name } of ours) if (!seen.has(id)) wrong.push(`${name} is one too many`);
  return { wrong, sound };
}

function isReplica(
  labels: Readonly<Record<string, string>>,
  stack: string,
  ...[service, replica]: [string, number]
): boolean {
  return (
    labels[LABELS.stack] === stack && labels[LABELS.service] === service && labels[LABELS.replica] === String(replica)
  );
}

/** Empty: none. */
function difference(
  engine: SimEngine,
  { id, name, status, image, inspected }: ContainerDetails,
  wanted: { readonly stack: string; readonly service: Service; readonly name: string },
): string {
  const spec = wanted.service.container;
  if (spec === undefined) return '';
  if (isPassingName(name) || name !== wanted.name) return `is called ${name}`;
  if (status !== 'running') return `is ${status}`;
  if (engine.stale.has(id)) return 'mounts what somebody wrote';
  if (image !== spec.image) return `runs ${image}, not ${spec.image}`;
  const environment = new Set(inspected.Config.Env ?? []);
  const missing = spec.environment.find((one) => !environment.has(`${one.name}=${one.value ?? ''}`));
  if (missing !== undefined) return `has another ${missing.name}`;
  if (Number(inspected.HostConfig['Memory']) !== Number(spec.memoryBytes)) return 'has another limit of memory';
  const networks = Object.keys(inspected.NetworkSettings?.Networks ?? {});
  return networks.includes(`${wanted.stack}_default`) ? '' : 'is off its network';
}
