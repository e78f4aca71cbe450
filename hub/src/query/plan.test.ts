import {
  Bundle,
  DriftMode,
  digestOf,
  type HostPlan,
  type PlannedStack,
  PlannedStep,
  type PlanRequest,
  type PlanResponse,
  RenderProblem,
  StepEffect,
} from '@mooring/proto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AnswerPart } from '../ingest/questions.ts';
import type { Rendering } from '../render/rendering.ts';
import { connectAgent } from './answering-agent.fake.ts';
import { FakeFleet, viewer } from './fleet.fake.ts';

let fleet: FakeFleet;
const context = viewer();
const COMMIT = 'c'.repeat(40);

beforeEach(async () => {
  fleet = await FakeFleet.open(['web-1', 'web-2', 'web-3']);
});
afterEach(() => fleet.close());

const bundleOf = (stack: string) => Buffer.from(Bundle.encode(Bundle.create({ format: 1, stack })).finish());
const STEP = PlannedStep.create({
  kind: 'create-container',
  stack: 'shop',
  service: 'web',
  object: 'shop-web-1',
  sentence: 'create container shop-web-1: it does not exist',
  effect: StepEffect.STEP_EFFECT_CREATE,
});
const planOf = (...steps: PlannedStep[]): AnswerPart => ({ $case: 'plan', value: { steps } });

/** A rendering that gives the stacks to each host. */
function rendering(hosts: Readonly<Record<string, readonly string[]>>, problems: RenderProblem[] = []): Rendering {
  const stacks = [...new Set(Object.values(hosts).flat())];
  return {
    classes: stacks.map((stack) => {
      const bytes = bundleOf(stack);
      return { stack, bundleDigest: digestOf(bytes), bundle: Bundle.decode(bytes), files: [] };
    }),
    objects: [],
    hosts: Object.entries(hosts).map(([host, names]) => ({
      host,
      labels: { name: host },
      stacks: names.map((stack) => ({
        stack,
        bundleDigest: digestOf(bundleOf(stack)),
        driftMode: DriftMode.DRIFT_MODE_REPORT,
        ignore: ['services.web.labels'],
      })),
      problems,
    })),
    warnings: [],
    classesRendered: 1,
  };
}

/** The branch `next`, and the accepted commit, render to that. */
function have(rendered: Rendering): void {
  const info = { commit: COMMIT, subject: 'A commit', author: 'Ada', committedAtMs: 1 };
  for (const name of ['next', COMMIT]) {
    fleet.revisions.set(name, { info, outcome: { kind: 'rendered', rendering: rendered } });
  }
}

async function plan(...parts: NonNullable<PlanRequest['part']>[]): Promise<PlanResponse[]> {
  const requests = async function* () {
    for (const part of parts) yield { part };
  };
  const responses: PlanResponse[] = [];
  for await (const response of fleet.query.plan(requests(), context)) responses.push(response);
  return responses;
}

const revision = (name: string, hosts: string[] = [], selector = '') =>
  ({ $case: 'revision', value: { revision: name, hosts, selector } }) as const;

const hostsOf = (responses: readonly PlanResponse[]): HostPlan[] =>
  responses.flatMap(({ part }) => (part?.$case === 'host' ? [part.value] : []));

test('each host is asked with the bundles that it would run, how, and what it would no longer run', async () => {
  await fleet.assign('web-1', 10n, ['old', 'shop']);
  have(rendering({ 'web-1': ['shop'] }));
  const asked = connectAgent(fleet, 'web-1', () => [planOf(STEP), planOf(STEP)]);
  const responses = await plan(revision('next'));
  expect(responses[0]).toMatchObject({ part: { value: { commit: COMMIT, subject: 'A commit', verdict: 1 } } });
  expect(asked).toEqual([
    {
      $case: 'plan',
      value: {
        bundles: [bundleOf('shop')],
        removals: ['old'],
        policies: [{ stack: 'shop', driftMode: DriftMode.DRIFT_MODE_REPORT, ignore: ['services.web.labels'] }],
      },
    },
  ]);
  expect(hostsOf(responses)).toMatchObject([{ host: 'web-1', steps: [STEP, STEP], problem: undefined }]);
});

test('a stack that does not render for one host stays there, and says why', async () => {
  await fleet.assign('web-1', 10n, ['old']);
  const problem = RenderProblem.create({ code: 'COMPOSE_PORT', stack: 'old', host: 'web-1' });
  have(rendering({ 'web-1': [] }, [problem]));
  const asked = connectAgent(fleet, 'web-1', () => [planOf()]);
  expect(hostsOf(await plan(revision('next')))).toMatchObject([{ host: 'web-1', steps: [], kept: [problem] }]);
  expect(asked).toMatchObject([{ value: { removals: [] } }]);
});

test('a host that cannot be asked, or answers with a problem, is not planned, and the others are', async () => {
  have(rendering({ 'web-1': ['shop'], 'web-2': ['shop'], 'web-3': ['shop'] }));
  connectAgent(fleet, 'web-1', () => [planOf(STEP)]);
  fleet.temporary.now += 34_000;
  connectAgent(fleet, 'web-2', () => [planOf(STEP)]);
  const problem = { code: 'ENGINE_UNREACHABLE', message: 'Cannot\u001b[2J ask the engine', hint: '', sinceMs: 0n };
  connectAgent(fleet, 'web-3', () => [{ $case: 'problem', value: problem }]);
  const hosts = hostsOf(await plan(revision('next')));
  expect(hosts).toMatchObject([
    { host: 'web-1', problem: { code: 'HOST_OFFLINE' }, lastSeenAgeMs: 34_000n, steps: [] },
    { host: 'web-2', problem: undefined, steps: [STEP] },
    { host: 'web-3', problem: { code: 'ENGINE_UNREACHABLE', message: 'Cannot\\u{1b}[2J ask the engine' } },
  ]);
});

test('a plan is narrowed by names and by labels', async () => {
  have(rendering({ 'web-1': ['shop'], 'web-2': ['shop'] }));
  const names = async (...parts: NonNullable<PlanRequest['part']>[]) =>
    hostsOf(await plan(...parts)).map(({ host }) => host);
  expect(await names(revision('next', ['web-2']))).toEqual(['web-2']);
  expect(await names(revision('next', [], 'name=web-1'))).toEqual(['web-1']);
  await expect(plan(revision('next', ['web-9']))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a revision that does not render says why, and nobody is asked', async () => {
  const problems = [RenderProblem.create({ code: 'YAML_SYNTAX', message: 'Cannot read it' })];
  const info = { commit: COMMIT, subject: '', author: '', committedAtMs: 0 };
  fleet.revisions.set('broken', { info, outcome: { kind: 'refused', problems, warnings: [] } });
  const asked = connectAgent(fleet, 'web-1', () => [planOf()]);
  expect(await plan(revision('broken'))).toMatchObject([{ part: { value: { verdict: 2, problems } } }]);
  expect(asked).toEqual([]);
});

test('the accepted revision is meant where none is named, and one that is not there is refused', async () => {
  await expect(plan(revision(''))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(plan(revision('none'))).rejects.toMatchObject({ code: 'GIT_REF_MISSING' });
  await fleet.accept(COMMIT);
  have(rendering({}));
  expect(await plan(revision(''))).toMatchObject([{ part: { value: { commit: COMMIT } } }]);
  expect(await plan(revision(COMMIT.slice(0, 7)))).toMatchObject([{ part: { value: { commit: COMMIT } } }]);
});

const SHOP = { $case: 'bundle', value: bundleOf('shop') } as const;

/** A host that would run one stack, `shop` unless the change says otherwise. */
function host(name: string, change: Partial<PlannedStack> = {}): NonNullable<PlanRequest['part']> {
  const stack = {
    stack: 'shop',
    bundleDigest: digestOf(bundleOf('shop')),
    driftMode: DriftMode.DRIFT_MODE_CORRECT,
    ignore: [],
  };
  return { $case: 'host', value: { host: name, stacks: [{ ...stack, ...change }], kept: [] } };
}

test('bundles of the caller are asked about as those of a revision are', async () => {
  const asked = connectAgent(fleet, 'web-1', () => [planOf(STEP)]);
  expect(await plan(SHOP, host('web-1'))).toMatchObject([{ part: { $case: 'host', value: { steps: [STEP] } } }]);
  expect(asked).toMatchObject([{ value: { bundles: [bundleOf('shop')] } }]);
});

test.each<[string, NonNullable<PlanRequest['part']>[], string]>([
  ['without a host', [SHOP], 'INVALID_ARGUMENT'],
  ['with a bundle that was not sent', [host('web-1')], 'INVALID_ARGUMENT'],
  ['with a bundle of another stack', [SHOP, host('web-1', { stack: 'blog' })], 'INVALID_ARGUMENT'],
  ['without a drift mode', [SHOP, host('web-1', { driftMode: 0 })], 'INVALID_ARGUMENT'],
  ['with a host twice', [SHOP, host('web-1'), host('web-1')], 'INVALID_ARGUMENT'],
  ['with a revision as well', [SHOP, revision('next')], 'INVALID_ARGUMENT'],
  ['for a host that is not there', [SHOP, host('web-9')], 'NOT_FOUND'],
])('a question %s is refused', async (_, parts, code) => {
  await expect(plan(...parts)).rejects.toMatchObject({ code });
});

test('a plan with more steps than a message holds is a problem of its host', async () => {
  const many = planOf(...Array.from({ length: 5001 }, () => STEP));
  connectAgent(fleet, 'web-1', () => [many]);
  expect(hostsOf(await plan(SHOP, host('web-1')))).toMatchObject([{ steps: [], problem: { code: 'PLAN_TOO_LARGE' } }]);
});

test('planning leaves the store as it was', async () => {
  await fleet.accept(COMMIT);
  await fleet.assign('web-1', 10n, ['shop']);
  have(rendering({ 'web-1': ['shop', 'blog'] }));
  connectAgent(fleet, 'web-1', () => [planOf(STEP)]);
  const state = () => ({
    objects: fleet.store.objectNames(),
    assignments: fleet.store.assignments(),
    revisions: fleet.store.revisions(100),
    events: fleet.store.newestCursor(),
  });
  const before = state();
  await plan(revision('next'));
  await plan(SHOP, host('web-1'));
  expect(state()).toEqual(before);
});

test('an explanation is what the host says, if it is JSON', async () => {
  const explain = (name: string) => fleet.query.explain({ host: name, stack: 'shop', service: 'web' }, context);
  const said = (...texts: string[]): AnswerPart[] => texts.map((json) => ({ $case: 'explain', value: { json } }));
  const asked = connectAgent(fleet, 'web-1', () => said('{ "verdict":', ' "synced" }'));
  expect(await explain('web-1')).toEqual({ json: '{"verdict":"synced"}' });
  expect(asked).toEqual([{ $case: 'explain', value: { stack: 'shop', service: 'web' } }]);
  connectAgent(fleet, 'web-2', () => said('\u001b[2J'));
  await expect(explain('web-2')).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(explain('web-3')).rejects.toMatchObject({ code: 'HOST_OFFLINE' });
  await expect(explain('web-9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const problem = { code: 'NOT_FOUND', message: 'Cannot explain', hint: 'Look', sinceMs: 0n };
  connectAgent(fleet, 'web-3', () => [{ $case: 'problem', value: problem }]);
  await expect(explain('web-3')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'Look' });
});
