import {
  Bundle,
  ContainerSpec,
  containerSpecDigest,
  DriftMode,
  digestOf,
  FEATURES,
  MooringError,
  PlannedStep,
} from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import type { DesiredStack } from '../plan/desired.ts';
import { type AnsweringParts, type AnswerPart, answerQuestion, type Question } from './answer-question.ts';

type Wanted = Parameters<AnsweringParts['answers']['plan']>[0];

function bundleOf(stack: string, change: Partial<Bundle> = {}): Buffer {
  const container = ContainerSpec.create({ image: 'web:1' });
  const service = { name: 'web', container, specDigest: containerSpecDigest(container), replicas: 1 };
  const bundle = Bundle.fromPartial({ format: 1, stack, requires: [FEATURES.core], services: [service] });
  return Buffer.from(Bundle.encode({ ...bundle, ...change }).finish());
}

function planQuestion(bundles: Buffer[], more: { removals?: string[]; ignore?: string[] } = {}): Question {
  const policy = { stack: 'shop', driftMode: DriftMode.DRIFT_MODE_REPORT, ignore: more.ignore ?? [] };
  return { $case: 'plan', value: { bundles, removals: more.removals ?? [], policies: [policy] } };
}

/** Answers, and what the planner was asked. */
async function answered(question: Question | undefined, steps: readonly PlannedStep[] = [], current?: DesiredStack) {
  const asked: Wanted[] = [];
  const answers = {
    plan: async (wanted: Wanted) => {
      asked.push(wanted);
      return steps;
    },
    explain: async (stack: string, service: string) => JSON.stringify({ stack, service, long: 'x'.repeat(300_000) }),
  };
  const parts: AnswerPart[] = [];
  const answering = { answers, current: (stack: string) => (stack === current?.stack ? current : undefined) };
  for await (const part of answerQuestion(answering, question)) parts.push(part);
  return { parts, asked };
}

describe('a question for a plan', () => {
  test('is put to the planner with verified stacks, sorted, each with how it would be treated', async () => {
    const { asked } = await answered(
      planQuestion([bundleOf('shop'), bundleOf('blog')], { removals: ['old'], ignore: ['services.web.labels'] }),
    );
    expect(asked).toMatchObject([
      {
        removals: ['old'],
        stacks: [
          { stack: 'blog', driftMode: DriftMode.DRIFT_MODE_CORRECT, ignore: [], generation: 0n, hold: undefined },
          {
            stack: 'shop',
            driftMode: DriftMode.DRIFT_MODE_REPORT,
            ignore: ['services.web.labels'],
            bundleObject: digestOf(bundleOf('shop')),
          },
        ],
      },
    ]);
  });

  test('names a bundle as the accepted one where it is the same, and keeps the hold of its stack', async () => {
    const hold = { owner: 'ada', reason: 'migration', expiresAtMs: 0n };
    const current: DesiredStack = {
      stack: 'shop',
      commit: 'c0ffee',
      generation: 7n,
      bundleObject: 'sha256:sealed',
      bundle: Bundle.decode(bundleOf('shop')),
      driftMode: DriftMode.DRIFT_MODE_CORRECT,
      ignore: [],
      hold,
    };
    const same = await answered(planQuestion([bundleOf('shop')]), [], current);
    expect(same.asked[0]?.stacks).toMatchObject([{ bundleObject: 'sha256:sealed', hold }]);
    const changed = bundleOf('shop', { volumes: [], services: [] });
    const other = await answered(planQuestion([changed]), [], current);
    expect(other.asked[0]?.stacks).toMatchObject([{ bundleObject: digestOf(changed), hold }]);
  });

  test.each<[string, Buffer[], string]>([
    ['needs a feature that is not known', [bundleOf('shop', { requires: ['teleport.v9'] })], 'BUNDLE_FEATURE_UNKNOWN'],
    ['has another format', [bundleOf('shop', { format: 2 })], 'BUNDLE_FEATURE_UNKNOWN'],
    ['is none', [Buffer.from([0xff, 0xff])], 'BUNDLE_FORMAT'],
    [
      'holds fields that are not known',
      [Buffer.concat([bundleOf('shop'), Buffer.from([0xfa, 0x3f, 0])])],
      'BUNDLE_FORMAT',
    ],
    ['has a wrong digest', [wrongDigest()], 'BUNDLE_FORMAT'],
    ['mounts a path that leaves its folder', [escaping()], 'BUNDLE_PATH'],
    ['is there twice', [bundleOf('shop'), bundleOf('shop')], 'BUNDLE_FORMAT'],
  ])('is refused when a bundle %s, before anybody plans', async (_, bundles, code) => {
    await expect(answered(planQuestion(bundles))).rejects.toMatchObject({ code });
  });

  test('is refused when it is too large', async () => {
    const bundles = Array.from({ length: 1001 }, (_, index) => bundleOf(`s${index}`));
    await expect(answered(planQuestion(bundles))).rejects.toMatchObject({ code: 'PLAN_TOO_LARGE' });
  });

  test('is answered in parts, and an empty plan by one without steps', async () => {
    const step = PlannedStep.create({ kind: 'create-container' });
    const sizes = async (count: number) =>
      (
        await answered(
          planQuestion([]),
          Array.from({ length: count }, () => step),
        )
      ).parts.map((part) => (part.$case === 'plan' ? part.value.steps.length : -1));
    expect(await sizes(0)).toEqual([0]);
    expect(await sizes(100)).toEqual([100]);
    expect(await sizes(250)).toEqual([100, 100, 50]);
  });
});

test('a question for an explanation is answered with its text, in parts', async () => {
  const { parts } = await answered({ $case: 'explain', value: { stack: 'shop', service: 'web' } });
  expect(parts.length).toBe(2);
  const text = parts.map((part) => (part.$case === 'explain' ? part.value.json : '')).join('');
  expect(JSON.parse(text)).toMatchObject({ stack: 'shop', service: 'web' });
});

test.each<Question | undefined>([
  undefined,
  { $case: 'logs', value: { stack: 'shop', service: 'web', tail: 1, follow: false } },
])('a question that is not known is refused: %j', async (question) => {
  const refusal = answered(question);
  await expect(refusal).rejects.toBeInstanceOf(MooringError);
  await expect(refusal).rejects.toMatchObject({ code: 'REQUEST_UNSUPPORTED' });
});

function wrongDigest(): Buffer {
  const bundle = Bundle.decode(bundleOf('shop'));
  return bundleOf('shop', { services: bundle.services.map((service) => ({ ...service, specDigest: 'v1:00' })) });
}

function escaping(): Buffer {
  const mounts = [{ target: '/x', source: { $case: 'dataPath', value: '../../etc' } as const }];
  const container = ContainerSpec.fromPartial({ image: 'web:1', mounts });
  const [service] = Bundle.decode(bundleOf('shop')).services;
  if (service === undefined) throw new Error('the bundle has a service');
  return bundleOf('shop', { services: [{ ...service, container, specDigest: containerSpecDigest(container) }] });
}
