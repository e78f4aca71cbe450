import type { Observed, ObservedObject } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { Finding } from './finding.ts';
import { NETWORK_CHANGED, type Step } from './step.ts';

/** Networks that are missing, changed or no longer wanted. `changed` names the keys whose containers must make way. */
export function planNetworks(
  desired: DesiredStack,
  observed: Observed,
): { readonly findings: readonly Finding[]; readonly changed: ReadonlySet<string> } {
  const { stack, bundle } = desired;
  const own = observed.networks.filter((network) => network.ours && network.stack === stack);
  const changed = new Set<string>();
  const findings = bundle.networks.flatMap((network): Finding[] => {
    const there = observed.networks.find(({ name }) => name === network.name);
    if (network.external) return there === undefined ? [missing('network', network.name, [])] : [];
    if (there === undefined)
      return [
        missing('network', network.name, [{ kind: 'create-network', stack, network, reason: 'it does not exist' }]),
      ];
    if (!there.ours || there.stack !== stack) return [conflict('network', network.name)];
    if (there.specDigest === network.specDigest) return [];
    changed.add(network.key);
    return [
      { ...plainFinding('network', network.name), kind: 'changed', steps: recreate(desired, there, network.key) },
    ];
  });
  const wanted = new Set(bundle.networks.map(({ name }) => name));
  const unwanted = own.filter(({ name }) => !wanted.has(name));
  const removals = unwanted.map(
    (network): Finding => ({
      ...plainFinding('network', network.name),
      kind: 'extra',
      observed: 'present',
      steps: [removeNetwork(network, { stack, makesWay: false, reason: 'Git no longer names it' })],
    }),
  );
  return { findings: [...findings, ...removals], changed };
}

function removeNetwork(
  { id, name }: ObservedObject,
  why: { readonly stack: string; readonly makesWay: boolean; readonly reason: string },
): Step {
  return { kind: 'remove-network', id, name, ...why };
}

function recreate({ stack, bundle }: DesiredStack, there: ObservedObject, key: string): readonly Step[] {
  const network = bundle.networks.find((candidate) => candidate.key === key);
  const remove = removeNetwork(there, { stack, makesWay: true, reason: NETWORK_CHANGED });
  return network === undefined
    ? [remove]
    : [remove, { kind: 'create-network', stack, network, reason: NETWORK_CHANGED }];
}

/** Volumes that are missing. One that is there is never changed or removed. */
export function planVolumes({ stack, bundle }: DesiredStack, observed: Observed): readonly Finding[] {
  return bundle.volumes.flatMap((volume): Finding[] => {
    const there = observed.volumes.find(({ name }) => name === volume.name);
    if (there !== undefined) return [];
    const steps: readonly Step[] = volume.external
      ? []
      : [{ kind: 'create-volume', stack, volume, reason: 'it does not exist' }];
    return [missing('volume', volume.name, steps)];
  });
}

function plainFinding(object: 'network' | 'volume', name: string): Omit<Finding, 'kind' | 'steps'> {
  return { object, service: '', replica: 0, name, field: '', desired: '', observed: '' };
}

function missing(object: 'network' | 'volume', name: string, steps: readonly Step[]): Finding {
  return { ...plainFinding(object, name), kind: 'missing', desired: 'present', observed: 'absent', steps };
}

function conflict(object: 'network' | 'volume', name: string): Finding {
  return { ...plainFinding(object, name), kind: 'conflict', observed: 'foreign', steps: [] };
}
