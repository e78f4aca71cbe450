import type { Service } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { WantedReplica } from './expectation.ts';
import type { Finding } from './finding.ts';
import { addressKey } from './fixed-address.ts';
import { isPassingName } from './kept-name.ts';
import { TAKEN_OVER } from './plan-absent.ts';
import { planReplica } from './plan-replica.ts';
import type { Needs, ReplicaInput, ServicesInput } from './replica-input.ts';
import { nameOf } from './replica-name.ts';
import { startOrder } from './start-order.ts';
import type { Step } from './step.ts';

/** Compares each replica with its container, services in the order that their dependencies ask for. */
export function planServices(desired: DesiredStack, input: ServicesInput): readonly Finding[] {
  const services = startOrder(desired.bundle.services);
  const extras = new Extras(desired, input.containers);
  // Services whose containers become others: whoever shares their namespaces must follow, whoever asked to is restarted.
  const renewed = new Set<string>();
  const ofReplica: ReplicaInput = {
    ...input,
    renewed,
    takeOver: (wanted, needs) => extras.takeOver(wanted, needs),
  };
  const { unknown } = input.observed;
  const isUnknown = (service: Service, replica: number) =>
    unknown.some((one) => one.stack === desired.stack && one.service === service.name && one.replica === replica);
  const findings = services.flatMap((service) => {
    const own = replicasOf(service).flatMap((replica) => {
      // It is there, and nobody knows how it is: nothing is missing, and nothing is touched.
      if (isUnknown(service, replica)) return [];
      const wanted: WantedReplica = { service, replica, name: nameOf(desired, service, replica) };
      return planReplica(desired, wanted, ofReplica);
    });
    if (own.some((finding) => input.performs(finding) && finding.steps.some(renews))) renewed.add(service.name);
    return own;
  });
  return [...findings, ...extras.findings(desired.stack), ...strangers(desired, input), ...composed(desired, input)];
}

function replicasOf({ replicas }: Service): number[] {
  return Array.from({ length: replicas }, (_, index) => index + 1);
}

function renews({ kind }: Step): boolean {
  return kind === 'create-container' || kind === 'replace-container';
}

/** Containers of the stack that Git no longer names. One that holds what a new container needs makes way for it in the safe order. */
class Extras {
  readonly #left: Set<OwnContainer>;
  /** Replicas that do not need what was left of them: a container of theirs runs, or takes over from another that was left. */
  readonly #served: Set<string>;

  constructor({ bundle }: DesiredStack, containers: ServicesInput['containers']) {
    const replicas = new Map(bundle.services.map((service) => [service.name, service.replicas]));
    const all = [...containers.values()].flat();
    const running = all.filter(({ name, status }) => status === 'running' && !isPassingName(name));
    this.#served = new Set(running.map(({ service, replica }) => `${service} ${replica}`));
    this.#left = new Set(
      all.filter(
        ({ service, replica, name }) => isPassingName(name) || replica < 1 || replica > (replicas.get(service) ?? 0),
      ),
    );
  }

  /** What is left of the replica, or else the extra container that has its name or what it needs; it is then no longer extra. */
  takeOver({ service, replica, name }: WantedReplica, needs: Needs): OwnContainer | undefined {
    const extras = [...this.#left];
    const found =
      extras.find(
        (extra) => isPassingName(extra.name) && extra.service === service.name && extra.replica === replica,
      ) ?? extras.find((extra) => extra.name === name || has(extra, needs));
    if (found === undefined) return undefined;
    this.#left.delete(found);
    this.#served.add(`${service.name} ${replica}`);
    return found;
  }

  findings(stack: string): readonly Finding[] {
    return [...this.#left]
      .sort((a, b) => b.replica - a.replica)
      .map((container) => extra(stack, container, this.#served.has(`${container.service} ${container.replica}`)));
  }
}

function extra(stack: string, container: OwnContainer, isServed: boolean): Finding {
  const { name, service, status } = container;
  const isLeftOver = isPassingName(name);
  const step: Step = {
    kind: 'remove-container',
    stack,
    service,
    container,
    // It may have the name that the next try needs, and never ran, or another of the replica does its work.
    makesWay: isLeftOver && (status === 'created' || isServed),
    reason: isLeftOver ? 'a replacement that was cut off left it' : 'Git no longer names it',
    fields: [`services.${service}`],
  };
  return { ...ofContainer(container), kind: isLeftOver ? 'changed' : 'extra', observed: status, steps: [step] };
}

function has({ hostPorts, addresses }: OwnContainer, needs: Needs): boolean {
  const wanted = new Set(needs.addresses.map(addressKey));
  return hostPorts.some((port) => needs.ports.has(port)) || addresses.some((one) => wanted.has(addressKey(one)));
}

/** Containers that claim to be ours and that we did not make: told, never touched. */
function strangers({ stack }: DesiredStack, { observed }: ServicesInput): readonly Finding[] {
  return observed.strangers
    .filter((container) => container.stack === stack)
    .map((container) => ({
      ...ofContainer(container),
      kind: 'conflict',
      observed: `foreign, ${container.status}`,
      steps: [],
      left: 'it carries our labels and is not on our record; it is never touched',
    }));
}

/** Containers that docker compose made for the same project, beside those that have the name of a replica. */
function composed(desired: DesiredStack, { observed }: ServicesInput): readonly Finding[] {
  const wanted = new Set(
    desired.bundle.services.flatMap((service) =>
      replicasOf(service).map((replica) => nameOf(desired, service, replica)),
    ),
  );
  const others = [...observed.composeContainers].filter(
    ([name, { project }]) => project === desired.stack && !wanted.has(name),
  );
  return others
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { service, replica }]) => ({
      ...ofContainer({ service, replica, name }),
      kind: 'conflict',
      ...TAKEN_OVER,
      steps: [],
    }));
}

function ofContainer({ service, replica, name }: Pick<OwnContainer, 'service' | 'replica' | 'name'>) {
  return { object: 'container', service, replica, name, field: '', desired: '', observed: '', left: '' } as const;
}
