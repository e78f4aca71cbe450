import type { Network, Volume } from '@mooring/proto';
import { compare } from '../canonical/compare.ts';
import {
  desiredNetworkFields,
  desiredVolumeFields,
  networkFields,
  volumeFields,
} from '../canonical/resource-fields.ts';
import type { Observed, ObservedNetwork, ObservedVolume } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { Finding } from './finding.ts';
import type { Step } from './step.ts';

const ABSENT = 'it does not exist';
const FOREIGN = 'a foreign object has the name; it is never touched';
const IMMUNE = 'a volume is never changed or removed by Mooring: its data would be lost';

/** Networks that are missing, changed or no longer wanted. */
export function planNetworks(desired: DesiredStack, observed: Observed): readonly Finding[] {
  const { stack, bundle } = desired;
  const wanted = new Set(bundle.networks.map(({ name }) => name));
  const unwanted = observed.networks.filter(
    (network) => network.ours && network.stack === stack && !wanted.has(network.name),
  );
  const removals = unwanted.map((network): Finding => {
    const reason = 'Git no longer names it';
    const step: Step = {
      kind: 'remove-network',
      stack,
      id: network.id,
      name: network.name,
      reason,
      fields: [`networks.${network.key}`],
    };
    return { ...ofNetwork(network.name), kind: 'extra', observed: 'present', steps: [step] };
  });
  return [...bundle.networks.flatMap((network) => planNetwork(desired, network, observed)), ...removals];
}

function planNetwork(desired: DesiredStack, network: Network, observed: Observed): readonly Finding[] {
  const { stack } = desired;
  const there = observed.networks.filter(({ name }) => name === network.name);
  const own = there.find((candidate) => candidate.ours && candidate.stack === stack);
  const [first] = there;
  if (network.external) {
    const left = `network ${network.name} is external: somebody else must make it`;
    return first === undefined
      ? [{ ...ofNetwork(network.name), kind: 'missing', ...GONE, steps: [], left, stuck: true }]
      : [];
  }
  if (first === undefined) {
    const step: Step = { kind: 'create-network', stack, network, reason: ABSENT, fields: [`networks.${network.key}`] };
    return [{ ...ofNetwork(network.name), kind: 'missing', ...GONE, steps: [step] }];
  }
  if (own === undefined)
    return [{ ...ofNetwork(network.name), kind: 'conflict', observed: 'foreign', steps: [], left: FOREIGN }];
  return compareNetwork(desired, { network, own, observed });
}

interface Pair {
  readonly network: Network;
  readonly own: ObservedNetwork;
  readonly observed: Observed;
}

function compareNetwork({ stack }: DesiredStack, { network, own, observed }: Pair): readonly Finding[] {
  const wanted = desiredNetworkFields(network);
  const differences = compare(
    { desired: wanted, receipt: undefined, silent: undefined },
    networkFields(own.inspected, own.labels, wanted),
  );
  const changed = own.specDigest !== network.specDigest;
  if (!changed && differences.length === 0) return [];
  const containers = observed.containers.filter(
    (container) => container.stack === stack && container.fields.has(`networks.${network.key}`),
  );
  const fields = differences.map(({ path }) => `networks.${network.key}.${path}`);
  const reason = changed ? 'it changed in Git' : 'it differs from Git';
  const step: Step = { kind: 'replace-network', stack, network, old: own, containers, reason, fields };
  if (changed) return [{ ...ofNetwork(network.name), kind: 'changed', steps: [step] }];
  return differences.map(({ path, desired, observed: actual }, index) => ({
    ...ofNetwork(network.name),
    kind: 'modified',
    field: path,
    desired,
    observed: actual,
    steps: index === 0 ? [step] : [],
  }));
}

/** Volumes that are missing, or that differ: those are only told, whatever the drift mode. */
export function planVolumes(desired: DesiredStack, observed: Observed): readonly Finding[] {
  return desired.bundle.volumes.flatMap((volume): readonly Finding[] => {
    const there = observed.volumes.find(({ name }) => name === volume.name);
    if (there !== undefined) return volume.external ? [] : compareVolume(volume, there);
    if (volume.external) {
      const left = `volume ${volume.name} is external: somebody else must make it`;
      return [{ ...ofVolume(volume.name), kind: 'missing', ...GONE, steps: [], left, stuck: true }];
    }
    const step: Step = {
      kind: 'create-volume',
      stack: desired.stack,
      volume,
      reason: ABSENT,
      fields: [`volumes.${volume.key}`],
    };
    return [{ ...ofVolume(volume.name), kind: 'missing', ...GONE, steps: [step] }];
  });
}

function compareVolume(volume: Volume, there: ObservedVolume): readonly Finding[] {
  const wanted = desiredVolumeFields(volume);
  const actual = volumeFields(there.inspected, there.labels);
  // A volume that somebody made before is used as it is, as docker compose does; its labels are its maker's.
  const differences = compare({ desired: wanted, receipt: undefined, silent: undefined }, actual).filter(
    ({ path }) => there.ours || !path.startsWith('labels.'),
  );
  return differences.map(({ path, desired, observed }) => ({
    ...ofVolume(volume.name),
    kind: 'modified',
    field: path,
    desired,
    observed,
    steps: [],
    left: IMMUNE,
    stuck: true,
  }));
}

const GONE = { desired: 'present', observed: 'absent' } as const;

function ofNetwork(name: string) {
  return { object: 'network', service: '', replica: 0, name, field: '', desired: '', observed: '', left: '' } as const;
}

function ofVolume(name: string) {
  return { ...ofNetwork(name), object: 'volume' } as const;
}
