import { afterAll, beforeAll, describe } from 'vitest';
import { attributesBundle } from '../support/attributes.ts';
import { desiredOf } from '../support/bench-desired.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';
import { describeAudits } from './audits.ts';
import { describePhases } from './phases.ts';

let bench: Workbench;
const desired = desiredOf([await attributesBundle()]);

beforeAll(async () => {
  bench = await startWorkbench('26');
});

afterAll(async () => {
  await bench?.close();
});

describe('each attribute in a container of its own', () => {
  describePhases(() => ({ bench, desired }), ['26', '28']);
  describeAudits(() => ({ bench, desired }));
});
