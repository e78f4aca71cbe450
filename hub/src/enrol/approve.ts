import { type Label, MooringError, Severity } from '@mooring/proto';
import type { HostRecord } from '../store/store.ts';
import { checkedLabels } from './invite.ts';
import { awaitBroker } from './join.ts';
import { type EnrolmentContext, record } from './parts.ts';
import type { ReturningHost, ReturningHosts } from './returning-hosts.ts';

/** Digits of a key's hash that tell one from another. */
const KEY_DIGITS = 16;

/** Asks to let hosts in again. */
export interface ApproveOptions {
  readonly hosts: readonly string[];
  /** All that ask now, instead. */
  readonly all: boolean;
  /** In place of those that the host told; for one host. */
  readonly labels: readonly Label[];
  /** Who asks. */
  readonly actor: string;
}

/** Hosts that are in again. */
export interface Approved {
  readonly hosts: readonly string[];
  /** Those that nobody told labels. */
  readonly withoutLabels: readonly string[];
}

/**
 * Lets hosts in again by the certificates that they still have: names and keys are those that the fleet's authority signed, the rest is what they say
 * of themselves, and each is an event with its actor. Throws NOT_FOUND for a host that does not ask, INVALID_ARGUMENT.
 */
export async function approve(
  context: EnrolmentContext,
  returning: ReturningHosts,
  options: ApproveOptions,
): Promise<Approved> {
  const chosen = choose(returning.list(), options);
  const labels = options.labels.length === 0 ? undefined : checkedLabels('approve the host', options.labels);
  const admitted: HostRecord[] = [];
  const withoutLabels: string[] = [];
  for (const host of chosen) {
    // Somebody of the same nkey may have joined since it asked.
    returning.checkUnique(host);
    const before = context.store.host(host.name);
    const known = labels ?? host.labels ?? before?.labels;
    if (known === undefined) withoutLabels.push(host.name);
    admitted.push(await admit(context, host, { before, labels: known ?? {}, actor: options.actor }));
    returning.done(host.name);
  }
  await Promise.all(admitted.map((host) => awaitBroker(context, host)));
  return { hosts: admitted.map(({ name }) => name), withoutLabels };
}

function choose(asking: readonly ReturningHost[], { hosts, all, labels }: ApproveOptions): readonly ReturningHost[] {
  const refuse = (what: string, wanted: string) =>
    new MooringError('INVALID_ARGUMENT', `Cannot approve hosts: ${what}; ${wanted} is wanted`);
  if (all === hosts.length > 0) throw refuse('neither names nor all, or both, are given', 'one of them');
  if (labels.length > 0 && hosts.length !== 1) throw refuse('labels are given for more than one host', 'one host');
  if (all) return asking;
  return hosts.map((name) => {
    const found = asking.find((host) => host.name === name);
    if (found !== undefined) return found;
    const message = `Cannot approve host ${name}: it does not ask to be let in; a host of \`mooring approve\` is wanted`;
    throw new MooringError('NOT_FOUND', message, { hint: `A host without identity needs: mooring invite ${name}` });
  });
}

interface Admission {
  readonly before: HostRecord | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly actor: string;
}

async function admit(
  context: EnrolmentContext,
  host: ReturningHost,
  { before, labels, actor }: Admission,
): Promise<HostRecord> {
  const { store, clock } = context;
  const admitted: HostRecord = {
    name: host.name,
    identityId: host.identityId,
    labels,
    joinedAtMs: before?.joinedAtMs ?? clock(),
    spkiHash: host.spkiHash,
    nextSpkiHash: '',
    certificateEndsAtMs: host.certificateEndsAtMs,
    nkey: host.nkey,
    machineId: host.machineId,
    revokedAtMs: 0,
    agentVersion: host.agentVersion,
  };
  await store.addToldRevisions(host.told);
  await store.admitHost(admitted, host.highWater);
  await record(context, {
    kind: 'identity.approved',
    severity: Severity.SEVERITY_WARNING,
    host: host.name,
    message: `${actor} let host ${host.name} in again by its certificate, key ${host.spkiHash.slice(0, KEY_DIGITS)}`,
  });
  context.changed({ host: host.name, ended: before === undefined ? [] : [before.identityId] });
  return admitted;
}
