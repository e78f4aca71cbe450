import type { Service } from '@mooring/proto';
import type { OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { WantedReplica } from './expectation.ts';
import type { Finding } from './finding.ts';
import { fixedAddresses } from './fixed-address.ts';
import { isPassingName } from './kept-name.ts';
import { baseOf, finding } from './replica-finding.ts';
import type { ReplicaInput } from './replica-input.ts';
import type { Step } from './step.ts';
import { unlessTaken } from './unless-taken.ts';

/** Somebody ran `docker compose up` in a project that Mooring keeps, or has not let go of it yet. */
export const TAKEN_OVER = {
  observed: 'taken over by docker compose',
  left: 'docker compose made a container of this project; it is never touched, and Mooring makes its own once it is removed',
} as const;

/** What a replica needs that has no container. */
export function planAbsent(desired: DesiredStack, wanted: WantedReplica, input: ReplicaInput): readonly Finding[] {
  const { service, replica, name } = wanted;
  const done = input.completion({
    stack: desired.stack,
    service: service.name,
    replica,
    specDigest: service.specDigest,
  });
  if (done?.exitCode === 0) return [];
  const ports = hostPorts(service);
  const absent = { ...finding(wanted), kind: 'missing', desired: 'running', observed: 'absent' } as const;
  const holder = input.observed.unknown.find(
    (one) => one.name === name || one.hostPorts.some((port) => ports.has(port)),
  );
  if (holder !== undefined)
    return [
      {
        ...absent,
        steps: [],
        left: `container ${holder.name} is in its place, and the engine does not answer about it`,
      },
    ];
  const addresses = fixedAddresses(desired, wanted, input.observed.networks);
  const old = input.takeOver(wanted, { ports, addresses });
  if (input.observed.foreignContainers.includes(name))
    return [
      {
        ...finding(wanted),
        kind: 'conflict',
        ...holderOf(desired, name, input),
        steps: [],
      },
    ];
  const base = { ...baseOf(desired, wanted), fields: [`services.${service.name}`] };
  const step: Step =
    old === undefined
      ? { ...base, kind: 'create-container', reason: 'it does not exist' }
      : {
          ...base,
          kind: 'replace-container',
          old,
          overlaps: false,
          reason: isPassingName(old.name) ? `only ${old.name} is left of it` : takesOver(old),
        };
  return unlessTaken([{ ...absent, steps: [step] }], { desired, wanted, input, own: old });
}

/** Whose the container is that has the name. */
function holderOf(
  { stack }: DesiredStack,
  name: string,
  { observed }: ReplicaInput,
): { observed: string; left: string } {
  return observed.composeContainers.get(name)?.project === stack
    ? TAKEN_OVER
    : { observed: 'foreign', left: 'a foreign container has the name; it is never touched' };
}

function takesOver({ name }: OwnContainer): string {
  return `it takes over from ${name}, which Git no longer names`;
}

/** Ports of the host that the service asks for by number. */
function hostPorts({ container }: Service): ReadonlySet<string> {
  const published = (container?.ports ?? []).filter((port) => port.published && /^\d+$/.test(port.hostPort));
  return new Set(published.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`));
}
