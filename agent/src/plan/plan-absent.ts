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
        observed: 'foreign',
        steps: [],
        left: 'a foreign container has the name; it is never touched',
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
          reason: isPassingName(old.name) ? `only ${old.name} is left of it` : takesOver(old),
        };
  return unlessTaken([{ ...absent, steps: [step] }], { desired, wanted, input, own: old });
}

function takesOver({ name }: OwnContainer): string {
  return `it takes over from ${name}, which Git no longer names`;
}

/** Ports of the host that the service asks for by number. */
function hostPorts({ container }: Service): ReadonlySet<string> {
  const published = (container?.ports ?? []).filter((port) => port.published && /^\d+$/.test(port.hostPort));
  return new Set(published.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`));
}
