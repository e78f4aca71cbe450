import { HostPlan, PlannedStep, RenderProblem, StepEffect } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { planText, wouldChange } from './plan.ts';

const NOW = Date.parse('2026-01-02T03:04:05Z');
const { STEP_EFFECT_CREATE, STEP_EFFECT_LIVE, STEP_EFFECT_RESTART, STEP_EFFECT_RECREATE, STEP_EFFECT_REMOVE } =
  StepEffect;

function step(effect: StepEffect, sentence: string, fields: string[] = []): PlannedStep {
  return PlannedStep.create({ effect, sentence, fields });
}

function hostPlan(host: string, ...steps: PlannedStep[]): HostPlan {
  return HostPlan.create({ host, steps });
}

const SHOP = [
  step(STEP_EFFECT_CREATE, 'create container shop-extra-1: it does not exist'),
  step(STEP_EFFECT_LIVE, 'update container shop-web-1: Git asks for other limits', ['services.web.mem_limit']),
  step(STEP_EFFECT_RESTART, 'start container shop-job-1: it is exited'),
  step(STEP_EFFECT_RECREATE, 'replace container shop-app-1: its specification changed in Git', [
    'services.app.environment.LOG',
    'services.app.image',
  ]),
  step(STEP_EFFECT_REMOVE, 'remove container shop-old-1: Git no longer names it'),
];

describe('the text of a plan', () => {
  test('shows hosts with the same steps together, the others apart, and the sums', () => {
    const offline = HostPlan.create({
      host: 'web-4',
      problem: { code: 'HOST_OFFLINE', message: 'Cannot ask', hint: '', sinceMs: 0n },
      lastSeenAgeMs: 300_000n,
    });
    const never = { ...offline, host: 'web-5', lastSeenAgeMs: -1n };
    const broken = HostPlan.create({
      host: 'web-6',
      problem: { code: 'ENGINE_UNREACHABLE', message: 'Cannot ask the engine', hint: '', sinceMs: 0n },
    });
    const removal = step(STEP_EFFECT_REMOVE, 'remove container cache-store-1: Git no longer gives the stack');
    const plans = [
      hostPlan('db-1', removal),
      hostPlan('idle-1'),
      hostPlan('web-1', ...SHOP),
      hostPlan('web-2', ...SHOP),
      offline,
      never,
      broken,
    ];
    expect(planText('Plan of c0ffee', plans, NOW)).toBe(`Plan of c0ffee

db-1 (1 host)
  - remove container cache-store-1: Git no longer gives the stack

web-1, web-2 (2 hosts)
  + create container shop-extra-1: it does not exist
  ~ update container shop-web-1: Git asks for other limits [services.web.mem_limit]
  ! start container shop-job-1: it is exited
  ± replace container shop-app-1: its specification changed in Git [services.app.environment.LOG, services.app.image]
  - remove container shop-old-1: Git no longer names it

web-4 is not planned, offline since 2026-01-02T02:59:05Z (5m ago)
web-5 is not planned, it never connected
web-6 is not planned: ENGINE_UNREACHABLE: Cannot ask the engine

2 to create, 2 to change live, 2 to restart, 2 to recreate, 3 to remove; 1 host unchanged; 3 hosts not planned.`);
  });

  test('says that nothing would change', () => {
    expect(planText('Plan of folder .', [hostPlan('a'), hostPlan('b')], NOW)).toBe(
      'Plan of folder .\n\nNothing would change; 2 hosts unchanged.',
    );
    expect(planText('Plan of folder .', [], NOW)).toBe('Plan of folder .\n\nNothing would change.');
  });

  test('shows what stays because it does not render there', () => {
    const kept = RenderProblem.create({
      code: 'COMPOSE_PORT',
      message: 'Cannot read the port',
      file: 'stacks/shop/compose.yaml',
      line: 4,
      stack: 'shop',
      host: 'web-1',
    });
    expect(planText('Plan', [HostPlan.create({ host: 'web-1', kept: [kept] })], NOW)).toBe(`Plan

web-1 (1 host)
  stack shop does not render here and stays as it is:
    COMPOSE_PORT stacks/shop/compose.yaml:4
      Cannot read the port

Nothing would change; 1 host unchanged.`);
  });

  test('names the first hosts of many, and draws nothing on the terminal', () => {
    const plans = Array.from({ length: 400 }, (_, index) =>
      hostPlan(`h${index}`, step(STEP_EFFECT_CREATE, 'create\u001b[2J')),
    );
    const text = planText('Plan\u001b[0m', plans, NOW);
    expect(text).toContain('h0, h1, h2, h3, h4, h5, h6, h7, … (400 hosts)\n  + create\\u001b[2J');
    expect(text).not.toContain('\u001b');
  });
});

test('a plan that is not whole is not one without a change', () => {
  const problem = { code: 'HOST_OFFLINE', message: '', hint: '', sinceMs: 0n };
  expect(wouldChange([hostPlan('a')])).toBe(false);
  expect(wouldChange([hostPlan('a'), hostPlan('b', step(STEP_EFFECT_LIVE, 'x'))])).toBe(true);
  expect(wouldChange([HostPlan.create({ host: 'a', problem })])).toBe(true);
  expect(wouldChange([HostPlan.create({ host: 'a', kept: [RenderProblem.create({})] })])).toBe(true);
});
