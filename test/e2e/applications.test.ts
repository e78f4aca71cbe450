import type { Desired } from '@mooring/agent';
import { afterAll, beforeAll, describe } from 'vitest';
import { APPLICATIONS_ENGINE, stageApplications } from '../support/applications.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';
import { describePhases } from './phases.ts';

let bench: Workbench;
let desired: Desired;

beforeAll(async () => {
  bench = await startWorkbench('26', { configuration: APPLICATIONS_ENGINE });
  desired = await stageApplications(bench);
});

afterAll(async () => {
  await bench?.close();
});

describe('whole applications side by side', () => {
  describePhases(() => ({ bench, desired }), ['26', '28']);
});
