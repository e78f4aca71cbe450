import { PlannedStep, StepEffect } from '@mooring/proto';
import { describe, type Step } from '../plan/step.ts';

const EFFECTS: Readonly<Record<Step['kind'], StepEffect>> = {
  'create-network': StepEffect.STEP_EFFECT_CREATE,
  'create-volume': StepEffect.STEP_EFFECT_CREATE,
  'create-container': StepEffect.STEP_EFFECT_CREATE,
  'replace-container': StepEffect.STEP_EFFECT_RECREATE,
  'start-container': StepEffect.STEP_EFFECT_RESTART,
  'unpause-container': StepEffect.STEP_EFFECT_LIVE,
  'remove-container': StepEffect.STEP_EFFECT_REMOVE,
  'remove-network': StepEffect.STEP_EFFECT_REMOVE,
};

/** A step as a plan shows it, in the words that log and events use. */
export function plannedStep(step: Step): PlannedStep {
  const { kind, stack, reason } = step;
  const words = { kind, stack, reason, sentence: describe(step), effect: EFFECTS[kind] };
  return { ...PlannedStep.create(words), service: serviceOf(step), object: objectOf(step) };
}

function serviceOf(step: Step): string {
  if (!('service' in step)) return '';
  return typeof step.service === 'string' ? step.service : step.service.name;
}

function objectOf(step: Step): string {
  switch (step.kind) {
    case 'create-network':
      return step.network.name;
    case 'create-volume':
      return step.volume.name;
    case 'remove-container':
      return step.container.name;
    default:
      return step.name;
  }
}
