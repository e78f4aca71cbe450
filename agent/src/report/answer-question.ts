import {
  type AnswerRequest,
  Bundle,
  DriftMode,
  digestOf,
  MooringError,
  type PlannedStep,
  type PlanQuestion,
  type Request,
} from '@mooring/proto';
import type { DesiredStack } from '../plan/desired.ts';
import { verifyPlainBundle } from '../verify/verify-bundle.ts';
import type { Answers } from './answers.ts';

/** What a hub can ask beside a resend. */
export type Question = NonNullable<Request['question']>;
/** One part of an answer. */
export type AnswerPart = NonNullable<AnswerRequest['part']>;

/** Questions that this agent answers, as its hello lists them. */
export const ANSWERED_QUESTIONS: readonly Question['$case'][] = ['resend', 'plan', 'explain'];

/** Stacks of one question: more is no host that people run. */
const MAX_STACKS = 1000;
/** Steps of one part: far below the 1 MiB of a message. */
const STEPS_PER_PART = 100;
/** Characters of one part of an explanation, which may take four bytes each. */
const TEXT_PER_PART = 200_000;

/** What answering relies on. */
export interface AnsweringParts {
  readonly answers: Answers;
  /** What the accepted assignment says of a stack; undefined: it does not name it. */
  readonly current: (stack: string) => DesiredStack | undefined;
}

/** Answers a question of the hub, part by part. Throws REQUEST_UNSUPPORTED for one that this agent does not know, and BUNDLE_* as a real one would. */
export async function* answerQuestion(
  { answers, current }: AnsweringParts,
  question: Question | undefined,
): AsyncGenerator<AnswerPart, void, undefined> {
  switch (question?.$case) {
    case 'plan': {
      const steps = await answers.plan({
        stacks: wantedStacks(question.value, current),
        removals: question.value.removals,
      });
      yield* planParts(steps);
      return;
    }
    case 'explain': {
      const text = await answers.explain(question.value.stack, question.value.service);
      for (let start = 0; start < text.length; start += TEXT_PER_PART) {
        yield { $case: 'explain', value: { json: text.slice(start, start + TEXT_PER_PART) } };
      }
      return;
    }
    default:
      throw new MooringError(
        'REQUEST_UNSUPPORTED',
        `Cannot answer question "${question?.$case ?? 'unknown'}": this agent does not know it; a newer agent is wanted`,
        { hint: 'Upgrade the agent on this host.' },
      );
  }
}

/** An empty plan is an answer too. */
function* planParts(steps: readonly PlannedStep[]): Generator<AnswerPart> {
  let start = 0;
  do {
    yield { $case: 'plan', value: { steps: steps.slice(start, start + STEPS_PER_PART) } };
    start += STEPS_PER_PART;
  } while (start < steps.length);
}

/** The stacks of a question, checked as those of an assignment are. They are values of this answer alone: nothing keeps or applies them. */
function wantedStacks(
  { bundles, policies }: PlanQuestion,
  current: AnsweringParts['current'],
): readonly DesiredStack[] {
  if (bundles.length > MAX_STACKS) {
    const message = `Cannot plan: the question has ${bundles.length} stacks; at most ${MAX_STACKS} are wanted`;
    throw new MooringError('PLAN_TOO_LARGE', message);
  }
  const names = new Set<string>();
  return bundles
    .map((bytes): DesiredStack => {
      const bundle = verifyPlainBundle(undefined, bytes);
      const { stack } = bundle;
      if (names.has(stack)) {
        throw new MooringError('BUNDLE_FORMAT', `Cannot plan: stack ${stack} is there twice; once is wanted`);
      }
      names.add(stack);
      const policy = policies.find((each) => each.stack === stack);
      const now = current(stack);
      return {
        stack,
        commit: now?.commit ?? '',
        generation: now?.generation ?? 0n,
        // The same content has the same name, so that it counts as applied where it is.
        bundleObject: now !== undefined && isSame(now.bundle, bytes) ? now.bundleObject : digestOf(bytes),
        bundle,
        driftMode: policy?.driftMode ?? DriftMode.DRIFT_MODE_CORRECT,
        ignore: policy?.ignore ?? [],
        hold: now?.hold,
      };
    })
    .sort((left, right) => (left.stack < right.stack ? -1 : 1));
}

function isSame(bundle: Bundle, bytes: Uint8Array): boolean {
  return Buffer.from(Bundle.encode(bundle).finish()).equals(bytes);
}
