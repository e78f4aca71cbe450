import { type Hello, MooringError, PROTOCOL_VERSION } from '@mooring/proto';
import { count, entries, invalid, name } from './checks.ts';

/** Ids are random and short; they become keys of the store. */
const ID = /^[A-Za-z0-9_.:-]{1,128}$/;

/**
 * The first message of a stream. Throws ID_MISMATCH when it speaks for another host than the certificate, UPGRADE_REQUIRED for another
 * protocol, INVALID_ARGUMENT for anything else that is not as it should be.
 */
export function checkedHello(hello: Hello, certified: string): Hello {
  if (hello.host !== certified) {
    const message = `Cannot connect host ${name(hello.host)}: the certificate is that of ${certified}; its own is wanted`;
    throw new MooringError('ID_MISMATCH', message, { hint: 'Join the host with an invitation of its own.' });
  }
  if (hello.protocol !== PROTOCOL_VERSION) {
    const message = `Cannot connect host ${certified}: it speaks protocol ${hello.protocol}; ${PROTOCOL_VERSION} is wanted`;
    throw new MooringError('UPGRADE_REQUIRED', message, { hint: 'Install the agent of the same release as the hub.' });
  }
  for (const [what, id] of [
    ['outbox id', hello.outboxId],
    ['boot id', hello.bootId],
  ] as const) {
    if (!ID.test(id)) throw invalid(`${what} of a hello`, `"${name(id)}" is no id; ${ID.source} is wanted`);
  }
  return {
    ...hello,
    agentVersion: name(hello.agentVersion),
    features: entries(hello.features, 'features of a hello').map(name),
    highWater: count(hello.highWater, 'mark of a hello'),
    acceptedDigest: name(hello.acceptedDigest),
    machineId: name(hello.machineId),
    questions: entries(hello.questions, 'questions of a hello').map(name),
    trustVersion: count(hello.trustVersion, 'trust version of a hello'),
  };
}
