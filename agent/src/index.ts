/** The agent's door, for the tests and benches of the whole. */
export type { ApplyParts } from './apply/apply-parts.ts';
export { openKeep } from './keep/open-keep.ts';
export { openEngine } from './observe/docker.ts';
export type { Desired } from './plan/desired.ts';
export { createReconciler, type Reconciler } from './reconciler.ts';
