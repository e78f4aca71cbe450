/** The agent's door, for the tests and benches of the whole. */
export { FAILPOINTS } from './apply/failpoint.ts';
export { containerFields } from './canonical/container-fields.ts';
export { openKeep } from './keep/open-keep.ts';
export { containerDetails } from './observe/container-details.ts';
export { CONTRACT_IMAGE, type ContractSubject } from './observe/contract/clause.ts';
export { ENGINE_CONTRACT } from './observe/contract/engine-contract.ts';
export { openEngine } from './observe/docker.ts';
export type { Change } from './observe/engine.ts';
export type { Observed } from './observe/observed.ts';
export type { Desired, DesiredStack } from './plan/desired.ts';
export { judge } from './plan/expectation.ts';
export { plan } from './plan/plan.ts';
export { type Assessment, createReconciler, type Reconciler } from './reconciler.ts';
export { reconcilerParts } from './reconciler-parts.ts';
export { verifyAssignment } from './verify/verify-assignment.ts';
export { verifyPlainBundle } from './verify/verify-bundle.ts';
