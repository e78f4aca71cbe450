import type { OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import type { WantedReplica } from './expectation.ts';
import type { Finding } from './finding.ts';
import { takenAddress } from './fixed-address.ts';
import { finding } from './replica-finding.ts';
import type { ReplicaInput } from './replica-input.ts';

/** What a replica needs that only one container can have. */
interface Claim {
  readonly desired: DesiredStack;
  readonly wanted: WantedReplica;
  readonly input: ReplicaInput;
  /** The container that has the replica's address already, or makes way for it. */
  readonly own: OwnContainer | undefined;
}

/** Nothing can be done about a replica whose fixed address somebody else holds; once that one is gone, it is. */
export function unlessTaken(findings: readonly Finding[], { desired, wanted, input, own }: Claim): readonly Finding[] {
  if (findings.every(({ steps }) => steps.length === 0)) return findings;
  const taken = takenAddress(desired, wanted, { observed: input.observed, own });
  if (taken === undefined) return findings;
  const { field, address, holder } = taken;
  const left = `container ${holder} holds the address ${address}; it is never touched`;
  const drift = findings.filter(({ kind }) => kind !== 'changed');
  return [
    { ...finding(wanted), kind: 'conflict', field, desired: address, observed: `held by ${holder}`, steps: [], left },
    ...drift.map((one) => ({ ...one, steps: [], left, stuck: true })),
  ];
}
