import type { PlannedStep } from '@mooring/proto';
import type { DesiredStack } from '../plan/desired.ts';

/** Answers what a host would do, and why a service is as it is; never changes the engine. */
export interface Answers {
  /** Steps that the planner would hand to apply for these stacks, given what is observed now. */
  plan(wanted: { stacks: readonly DesiredStack[]; removals: readonly string[] }): Promise<readonly PlannedStep[]>;
  /** Stable JSON text. Throws NOT_FOUND. */
  explain(stack: string, service: string): Promise<string>;
}
