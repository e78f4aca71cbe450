import { PlannedStep, StepEffect } from '@mooring/proto';
import { describe, objectOf, type Step } from '../plan/step.ts';

const EFFECTS: Readonly<Record<Step['kind'], StepEffect>> = {
  'create-network': StepEffect.STEP_EFFECT_CREATE,
  'replace-network': StepEffect.STEP_EFFECT_RECREATE,
  'restore-content': StepEffect.STEP_EFFECT_LIVE,
  'update-container': StepEffect.STEP_EFFECT_LIVE,
  'keep-container': StepEffect.STEP_EFFECT_LIVE,
  'restart-container': StepEffect.STEP_EFFECT_RESTART,
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
  const { kind, stack, reason, fields } = step;
  const words = { kind, stack, reason, fields: [...fields], sentence: describe(step), effect: EFFECTS[kind] };
  return { ...PlannedStep.create(words), service: serviceOf(step), object: objectOf(step) };
}

function serviceOf(step: Step): string {
  if (!('service' in step)) return '';
  return typeof step.service === 'string' ? step.service : step.service.name;
}
