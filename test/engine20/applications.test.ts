import type { Desired } from '@mooring/agent';
import { afterAll, beforeAll, describe } from 'vitest';
import { describePhases } from '../e2e/phases.ts';
import { APPLICATIONS_ENGINE, stageApplications } from '../support/applications.ts';
import { lackingPrivileges } from '../support/engine-20.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';

let bench: Workbench;
let desired: Desired;

beforeAll(async () => {
  bench = await startWorkbench('20', { configuration: APPLICATIONS_ENGINE });
  desired = await stageApplications(bench, { mayBePrivileged: lackingPrivileges() === undefined });
}, 240_000);

afterAll(async () => {
  await bench?.close();
}, 240_000);

describe('on Engine 20.10, whole applications side by side', () => {
  describePhases(() => ({ bench, desired }), ['20']);
});
