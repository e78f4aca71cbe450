import { type AgentServiceService, type FetchObjectResponse, MooringError, OBJECT_PART_BYTES } from '@mooring/proto';
import type { Handlers } from '../grpc/handlers.ts';
import { Admission } from './admission.ts';
import { name } from './checks.ts';
import { connect } from './connect.ts';
import type { IngestParts } from './parts.ts';
import { SecurityLog } from './security-log.ts';

/** What agents call. The host is always the one of the certificate, whatever a message says. */
export function createIngest(parts: IngestParts): Handlers<typeof AgentServiceService> {
  const security = new SecurityLog(parts.store, parts.clock);
  const admission = new Admission(parts.timers);
  return {
    connect: (requests, context) => connect({ ...parts, security, admission }, requests, context),
    answer: async (requests, { caller }) => {
      await parts.questions.answer(caller.name, requests);
      return {};
    },
    fetchAssignment: async (_request, { caller }) => {
      const record = parts.store.assignment(caller.name);
      return { envelope: Buffer.from(record?.envelope ?? []), generation: record?.generation ?? 0n };
    },
    fetchObject: ({ object }, { caller }) => fetchObject({ ...parts, security }, caller.name, object),
    renewCertificate: ({ csr }, { caller }) => parts.renewCertificate(caller.name, csr),
    askBack: (request, { caller }) => parts.askBack(caller, request),
    leave: async (_request, { caller }) => {
      await parts.onLeave(caller.name);
      return {};
    },
  };
}

/** Throws PERMISSION_DENIED for an object that the host's newest assignment does not name, whether it exists or not. */
async function* fetchObject(
  { store, security }: IngestParts & { readonly security: SecurityLog },
  host: string,
  object: string,
): AsyncGenerator<FetchObjectResponse, void, undefined> {
  if (store.assignment(host)?.objects.includes(object) !== true) {
    const message = `Cannot give object ${name(object)} to host ${host}: its assignment does not name it; one that it names is wanted`;
    await security.tell({ host, kind: 'object.denied', code: 'PERMISSION_DENIED', message });
    throw new MooringError('PERMISSION_DENIED', message);
  }
  const record = store.object(object);
  if (record === undefined) {
    throw new MooringError(
      'OBJECT_MISSING',
      `Cannot give object ${object} to host ${host}: it is not stored; a stored one is wanted`,
    );
  }
  const { ciphertext } = record;
  for (let start = 0; start < ciphertext.byteLength; start += OBJECT_PART_BYTES) {
    yield { data: Buffer.from(ciphertext.subarray(start, start + OBJECT_PART_BYTES)) };
  }
}
