import type { OwnRecord } from '../apply/ports.ts';
import type { Desired, DesiredStack } from '../plan/desired.ts';
import { type ExpectationInput, judge } from '../plan/expectation.ts';
import { nameOf } from '../plan/replica-name.ts';
import type { Observed, OwnContainer } from './observed.ts';

/**
 * After a start, since the record may be lost or lack something: containers that carry our labels for a replica that is desired, and differ from it in
 * nothing, are ours again. Everything else stays nobody's. Returns those that were taken back.
 */
export function takeBack(
  record: OwnRecord,
  desired: Desired,
  input: ExpectationInput & { readonly observed: Observed },
): readonly OwnContainer[] {
  const taken = input.observed.strangers.filter((container) => isDesired(desired, container, input));
  for (const { id, stack, service, labelledSpec } of taken.map((container) => withSpec(desired, container))) {
    record.remember({ kind: 'container', id, stack, key: service, specDigest: labelledSpec });
  }
  // One about which nobody knows may be ours too: it is looked at again.
  if (input.observed.unknown.length === 0) record.completed();
  return taken;
}

function isDesired({ stacks }: Desired, container: OwnContainer, input: ExpectationInput): boolean {
  const stack = stacks.find((one) => one.stack === container.stack);
  const service = stack?.bundle.services.find(({ name }) => name === container.service);
  if (stack === undefined || service === undefined) return false;
  if (container.replica < 1 || container.replica > service.replicas) return false;
  const name = nameOf(stack, service, container.replica);
  // Modes name other containers, which may be taken back in this same look.
  const known = { ...input.observed, containers: [...input.observed.containers, ...input.observed.strangers] };
  const wanted = { service, replica: container.replica, name };
  return judge({ desired: stack, wanted, container }, { ...input, observed: known }).differences.length === 0;
}

/** A container that differs in nothing satisfies the specification, whichever one its label names. */
function withSpec({ stacks }: Desired, container: OwnContainer) {
  const stack: DesiredStack | undefined = stacks.find((one) => one.stack === container.stack);
  const service = stack?.bundle.services.find(({ name }) => name === container.service);
  return {
    id: container.id,
    stack: container.stack,
    service: container.service,
    labelledSpec: service?.specDigest ?? container.specDigest,
  };
}
