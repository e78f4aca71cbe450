import { type ExplainRequest, type ExplainResponse, MooringError } from '@mooring/proto';
import { answeredProblem } from './answered-problem.ts';
import { noSuchHost } from './hosts.ts';
import type { QueryParts } from './parts.ts';

/** Milliseconds for an answer: a look at the engine, which a busy one takes seconds for. */
const EXPLAIN_MS = 20_000;
/** Bytes of an explanation: a service of hundreds of replicas, each with its receipt. */
const MAX_BYTES = 2 * 1024 * 1024;

/** Why a service of a host is as it is, asked of its agent. Throws NOT_FOUND, HOST_OFFLINE, REQUEST_UNSUPPORTED or TIMED_OUT. */
export async function explainService(
  { store, questions }: QueryParts,
  { host, stack, service }: ExplainRequest,
): Promise<ExplainResponse> {
  if (store.host(host) === undefined) throw noSuchHost(host);
  let json = '';
  for await (const part of questions.ask(host, { $case: 'explain', value: { stack, service } }, EXPLAIN_MS)) {
    if (part.$case === 'problem') throw answeredProblem(host, part.value);
    if (part.$case === 'explain') json += part.value.json;
    if (json.length > MAX_BYTES) throw unusable(host, `it has more than ${MAX_BYTES} bytes; fewer are wanted`);
  }
  return { json: compact(host, json) };
}

/** The text again from what it says: whoever shows it reads JSON and nothing else. */
function compact(host: string, json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch (cause) {
    throw unusable(host, 'it is not JSON; JSON is wanted', cause);
  }
}

function unusable(host: string, ...[reason, cause]: [reason: string, cause?: unknown]): MooringError {
  return new MooringError('INTERNAL', `Cannot take the explanation of host ${host}: ${reason}`, { cause });
}
