import type { Service } from '@mooring/proto';
import type { CompletedReplica, Completion } from '../apply/ports.ts';
import type { Address } from '../observe/engine.ts';
import type { OwnContainer } from '../observe/observed.ts';
import { type ExpectationInput, namespaceServices, sharedServices, type WantedReplica } from './expectation.ts';
import type { Finding } from './finding.ts';
import type { PlanMemory } from './memory.ts';

/** What planning services needs to know. */
export interface ServicesInput extends ExpectationInput {
  /** Containers of the stack, by their service. */
  readonly containers: ReadonlyMap<string, readonly OwnContainer[]>;
  readonly memory: PlanMemory;
  readonly nowMs: number;
  completion(replica: CompletedReplica): Completion | undefined;
  /** Text of a value that must not be shown: equal values give equal texts. */
  mask(value: string): string;
  /** Whether the steps of such a finding are performed at all. */
  performs(finding: Finding): boolean;
}

/** What planning one replica needs to know. */
export interface ReplicaInput extends ServicesInput {
  /** Services of the stack whose containers become others in this plan. */
  readonly renewed: ReadonlySet<string>;
  /**
   * A container that makes way for the replica: what a replacement that could not be undone left of it, or an extra one that has its name, or a port
   * of the host or an address that it needs.
   */
  takeOver(wanted: WantedReplica, needs: Needs): OwnContainer | undefined;
}

/** What only one container of the host can have. */
export interface Needs {
  /** Ports of the host, such as "8080/tcp". */
  readonly ports: ReadonlySet<string>;
  readonly addresses: readonly Address[];
}

/** True where the service shares a namespace, or volumes, with one that becomes another container. */
export function followsRenewed(service: Service, renewed: ReadonlySet<string>): boolean {
  return renewed.size > 0 && sharedServices(service).some((name) => renewed.has(name));
}

/** What it shares with one that becomes another container, as it follows "a container whose". */
export function sharedWord(service: Service, renewed: ReadonlySet<string>): string {
  return namespaceServices(service).some((name) => renewed.has(name)) ? 'namespace it shares' : 'volumes it mounts';
}
