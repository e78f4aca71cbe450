import { afterAll, beforeAll, describe } from 'vitest';
import { desiredOf } from '../support/bench-desired.ts';
import { rareAttributesBundle } from '../support/rare-attributes.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';
import { describeAudits } from './audits.ts';
import { describePhases } from './phases.ts';

let bench: Workbench;
/** What engine 26 knows: it speaks API 1.45. */
const desired = desiredOf([rareAttributesBundle({ until: 45 })]);

beforeAll(async () => {
  bench = await startWorkbench('26');
});

afterAll(async () => {
  await bench?.close();
});

describe('each attribute that few files set', () => {
  describePhases(() => ({ bench, desired }), ['26', '28']);
  describeAudits(() => ({ bench, desired }));
});
