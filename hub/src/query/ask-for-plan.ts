import {
  Assignment,
  decodeEnvelope,
  HostPlan,
  MooringError,
  type PlannedHost,
  PlannedStep,
  type StackPolicy,
} from '@mooring/proto';
import { age } from '../drift/host-summary.ts';
import { name, sentence } from '../ingest/checks.ts';
import { answeredProblem } from './answered-problem.ts';
import type { QueryParts } from './parts.ts';

/** Milliseconds for one host: it looks at its engine, which a busy one takes seconds for. */
const HOST_MS = 20_000;
/** Bytes of the bundles of one question: an agent reads messages of 4 MiB. */
const MAX_QUESTION_BYTES = 3.5 * 1024 * 1024;
/** Steps of one host, and bytes of them: they travel on in one message. */
const MAX_STEPS = 5000;
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;
/** Fields that one step names. */
const MAX_FIELDS = 200;

/** What one host would do. A host that cannot be asked, or does not answer as it should, is a plan with a problem. */
export async function askForPlan(
  parts: QueryParts,
  host: PlannedHost,
  { bundles, signal }: { bundles: ReadonlyMap<string, Buffer>; signal: AbortSignal },
): Promise<HostPlan> {
  const plan = { ...HostPlan.create({ host: host.host }), kept: host.kept };
  try {
    return { ...plan, steps: await askForSteps(parts, host, { bundles, signal }) };
  } catch (error) {
    if (!(error instanceof MooringError)) throw error;
    const problem = { code: error.code, message: error.message, hint: error.hint ?? '', sinceMs: 0n };
    if (error.code !== 'HOST_OFFLINE') return { ...plan, problem };
    const { presence, clock } = parts;
    return { ...plan, problem, lastSeenAgeMs: age(presence.sighting(host.host).lastSeenMs, clock()) };
  }
}

async function askForSteps(
  parts: QueryParts,
  host: PlannedHost,
  { bundles, signal }: { bundles: ReadonlyMap<string, Buffer>; signal: AbortSignal },
): Promise<PlannedStep[]> {
  const question = {
    bundles: host.stacks.flatMap(({ bundleDigest }) => bundles.get(bundleDigest) ?? []),
    removals: removalsOf(parts, host),
    policies: host.stacks.map(({ stack, driftMode, ignore }): StackPolicy => ({ stack, driftMode, ignore })),
  };
  const bytes = question.bundles.reduce((sum, bundle) => sum + bundle.byteLength, 0);
  if (bytes > MAX_QUESTION_BYTES) {
    const message = `Cannot plan for host ${host.host}: its bundles have ${bytes} bytes; at most ${MAX_QUESTION_BYTES} are wanted`;
    throw new MooringError('PLAN_TOO_LARGE', message);
  }
  const steps: PlannedStep[] = [];
  let answerBytes = 0;
  for await (const part of parts.questions.ask(host.host, { $case: 'plan', value: question }, HOST_MS)) {
    if (signal.aborted) return steps;
    if (part.$case === 'problem') throw answeredProblem(host.host, part.value);
    if (part.$case !== 'plan') continue;
    for (const step of part.value.steps) {
      const cleaned = checkedStep(step);
      steps.push(cleaned);
      answerBytes += PlannedStep.encode(cleaned).finish().byteLength;
    }
    if (steps.length > MAX_STEPS || answerBytes > MAX_ANSWER_BYTES) {
      const message = `Cannot take the plan of host ${host.host}: it has more than ${MAX_STEPS} steps or ${MAX_ANSWER_BYTES} bytes; fewer are wanted`;
      throw new MooringError('PLAN_TOO_LARGE', message);
    }
  }
  return steps;
}

/** Stacks that the host is assigned, or is still to remove, and that would be neither run nor kept. */
function removalsOf({ store }: QueryParts, { host, stacks, kept }: PlannedHost): string[] {
  const record = store.assignment(host);
  if (record === undefined) return [];
  const assigned = Assignment.decode(decodeEnvelope(record.envelope).payload);
  const staying = new Set([...stacks, ...kept].map(({ stack }) => stack));
  const known = [...assigned.stacks, ...assigned.removals].map(({ stack }) => stack);
  return [...new Set(known)].filter((stack) => !staying.has(stack)).sort();
}

/** What a host says is shown to people: nothing of it may draw on a terminal or fill it. */
function checkedStep(step: PlannedStep): PlannedStep {
  return {
    kind: name(step.kind),
    stack: name(step.stack),
    service: name(step.service),
    object: name(step.object),
    sentence: sentence(step.sentence),
    reason: sentence(step.reason),
    fields: step.fields.slice(0, MAX_FIELDS).map(name),
    effect: step.effect,
  };
}
