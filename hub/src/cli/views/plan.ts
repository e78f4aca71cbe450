import { type HostPlan, type PlannedStep, StepEffect } from '@mooring/proto';
import { formatAge } from '../ages.ts';
import { escapeControls } from '../table.ts';
import { countText, hostsText } from './groups.ts';
import { renderProblemLines } from './states.ts';

interface EffectWords {
  readonly sign: string;
  /** Ends "3 to …". */
  readonly verb: string;
}

const EFFECTS: Readonly<Record<StepEffect, EffectWords>> = {
  [StepEffect.STEP_EFFECT_UNSPECIFIED]: { sign: '?', verb: 'do' },
  [StepEffect.STEP_EFFECT_CREATE]: { sign: '+', verb: 'create' },
  [StepEffect.STEP_EFFECT_LIVE]: { sign: '~', verb: 'change live' },
  [StepEffect.STEP_EFFECT_RESTART]: { sign: '!', verb: 'restart' },
  [StepEffect.STEP_EFFECT_RECREATE]: { sign: '±', verb: 'recreate' },
  [StepEffect.STEP_EFFECT_REMOVE]: { sign: '-', verb: 'remove' },
};

/** True when a host would change something, or nobody knows: a plan that is not whole promises nothing. */
export function wouldChange(plans: readonly HostPlan[]): boolean {
  return plans.some(({ steps, problem, kept }) => steps.length > 0 || problem !== undefined || kept.length > 0);
}

/** `mooring plan`: hosts with the same steps together, then those that are not planned, then the sums. `subject` says what is planned. */
export function planText(subject: string, plans: readonly HostPlan[], nowMs: number): string {
  const planned = plans.filter(({ problem }) => problem === undefined);
  const changing = planned.filter(({ steps, kept }) => steps.length > 0 || kept.length > 0);
  const groups = [...Map.groupBy(changing, (plan) => stepLines(plan).join('\n'))].map(
    ([lines, group]) => `${hostsText(group.map(({ host }) => host))}\n${lines}`,
  );
  const notPlanned = plans.filter(({ problem }) => problem !== undefined).map((plan) => notPlannedLine(plan, nowMs));
  return [escapeControls(subject), ...groups, notPlanned.join('\n'), summary(plans)]
    .filter((section) => section !== '')
    .join('\n\n');
}

function stepLines({ steps, kept }: HostPlan): readonly string[] {
  // Which of the hosts it is stands in the line above.
  const problems = kept.map((problem) => renderProblemLines({ ...problem, host: '' }));
  return [
    ...steps.map(stepLine),
    ...kept.flatMap(({ stack }, index) => [
      `  stack ${escapeControls(stack)} does not render here and stays as it is:`,
      ...(problems[index] ?? '').split('\n').map((line) => `  ${escapeControls(line)}`),
    ]),
  ];
}

function stepLine({ effect, sentence, fields }: PlannedStep): string {
  const causes = fields.length === 0 ? '' : ` [${fields.join(', ')}]`;
  return `  ${wordsOf(effect).sign} ${escapeControls(`${sentence}${causes}`)}`;
}

function wordsOf(effect: StepEffect): EffectWords {
  // A newer agent may say more than this program knows.
  return EFFECTS[effect] ?? EFFECTS[StepEffect.STEP_EFFECT_UNSPECIFIED];
}

function notPlannedLine({ host, problem, lastSeenAgeMs }: HostPlan, nowMs: number): string {
  const name = escapeControls(host);
  if (problem?.code !== 'HOST_OFFLINE')
    return `${name} is not planned: ${escapeControls(`${problem?.code}: ${problem?.message}`)}`;
  if (lastSeenAgeMs < 0n) return `${name} is not planned, it never connected`;
  const ageMs = Number(lastSeenAgeMs);
  const since = new Date(nowMs - ageMs).toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length);
  return `${name} is not planned, offline since ${since}Z (${formatAge(ageMs)} ago)`;
}

function summary(plans: readonly HostPlan[]): string {
  const steps = plans.flatMap((plan) => plan.steps);
  const counts = Object.values(StepEffect).flatMap((effect) => {
    const count = steps.filter((step) => step.effect === effect).length;
    return count === 0 ? [] : [`${count} to ${EFFECTS[effect].verb}`];
  });
  const unplanned = plans.filter(({ problem }) => problem !== undefined).length;
  const unchanged = plans.filter(({ problem, steps: own }) => problem === undefined && own.length === 0).length;
  const hosts = [
    ...(unchanged === 0 ? [] : [`${countText(unchanged, 'host')} unchanged`]),
    ...(unplanned === 0 ? [] : [`${countText(unplanned, 'host')} not planned`]),
  ];
  const what = counts.length === 0 ? 'Nothing would change' : counts.join(', ');
  return `${[what, ...hosts].join('; ')}.`;
}
