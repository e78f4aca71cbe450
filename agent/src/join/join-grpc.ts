import { setTimeout as wait } from 'node:timers/promises';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  EnrolServiceClient,
  type JoinRequest,
  type JoinResponse,
  MAX_JOIN_MESSAGE_BYTES,
  MooringError,
} from '@mooring/proto';
import { Backoff } from '../backoff.ts';
import { hubChannel, problemOf } from './hub-channel-grpc.ts';

/** Milliseconds for one attempt: the hub waits up to 8 s for its broker. */
const JOIN_DEADLINE_MS = 20_000;
/** Attempts where the hub says that this address tries too often, and milliseconds between them: it says when, and a person waits for the end. */
const RATE_LIMITED_ATTEMPTS = 5;
const RATE_LIMITED_WAIT = { firstMs: 1500, maxMs: 6000 };

/** Sends a join to the first address that answers. Throws what the hub refuses with, JOIN_FLEET where another fleet answers, or HUB_UNREACHABLE. */
export async function sendJoin(
  addresses: readonly string[],
  caPem: string,
  request: JoinRequest,
): Promise<JoinResponse> {
  const failures: MooringError[] = [];
  for (const address of addresses) {
    try {
      return await sendPatiently(address, caPem, request);
    } catch (error) {
      // Only where nobody answered may the token still be unused: every other refusal is final.
      if (!(error instanceof MooringError) || error.code !== 'HUB_UNREACHABLE') throw error;
      failures.push(error);
    }
  }
  const [only] = failures;
  if (failures.length === 1 && only !== undefined) throw only;
  throw new MooringError(
    'HUB_UNREACHABLE',
    `Cannot reach hub: none of ${addresses.join(', ')} answers; one of them is wanted`,
    {
      hint: 'Check that the hub runs and that its join port is open to this host.',
      cause: new AggregateError(failures),
    },
  );
}

async function sendPatiently(address: string, caPem: string, request: JoinRequest): Promise<JoinResponse> {
  const backoff = new Backoff(RATE_LIMITED_WAIT);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(address, caPem, request);
    } catch (error) {
      const limited = error instanceof MooringError && error.code === 'RATE_LIMITED';
      if (!limited || attempt === RATE_LIMITED_ATTEMPTS) throw error;
      await wait(backoff.next(Math.min(error.retryAfterMs ?? 0, RATE_LIMITED_WAIT.maxMs)));
    }
  }
}

async function send(address: string, caPem: string, request: JoinRequest): Promise<JoinResponse> {
  const channel = hubChannel(address, { ca: caPem });
  const client = new EnrolServiceClient(address, channel.credentials, {
    ...channel.options,
    'grpc.max_receive_message_length': MAX_JOIN_MESSAGE_BYTES,
    'grpc.enable_retries': 0,
  });
  const { promise, resolve, reject } = Promise.withResolvers<JoinResponse>();
  client.join(request, new Metadata(), { deadline: Date.now() + JOIN_DEADLINE_MS }, (error, response) => {
    if (error === null) resolve(response);
    else reject(errorOf(error, address));
  });
  try {
    return await promise;
  } finally {
    client.close();
  }
}

function errorOf(error: ServiceError, address: string): MooringError {
  const problem = problemOf(error.metadata);
  if (problem !== undefined) return problem;
  if (error.code === status.UNAVAILABLE && /certificate|self-signed|altname/i.test(error.details)) {
    return new MooringError(
      'JOIN_FLEET',
      `Cannot join at ${address}: who answers there is not the hub of this fleet; that hub is wanted`,
      {
        hint: 'The join string may be of another fleet, or the hub was given a new address after it started.',
        cause: error,
      },
    );
  }
  if (error.code === status.UNAVAILABLE) {
    return new MooringError(
      'HUB_UNREACHABLE',
      `Cannot reach hub at ${address}: ${error.details}; an answer is wanted`,
      {
        hint: 'Check that the hub runs and that its join port is open to this host.',
        cause: error,
      },
    );
  }
  return new MooringError(
    'JOIN_REFUSED',
    `Cannot join at ${address}: ${error.details}; a join that the hub takes is wanted`,
    {
      cause: error,
    },
  );
}
