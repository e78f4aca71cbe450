import { afterAll, beforeAll, describe } from 'vitest';
import { describeAudits } from '../e2e/audits.ts';
import { describePhases } from '../e2e/phases.ts';
import { attributesBundle } from '../support/attributes.ts';
import { desiredOf } from '../support/bench-desired.ts';
import { lackingPrivileges } from '../support/engine-20.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';

let bench: Workbench;
const lacking = lackingPrivileges();
const desired = desiredOf([await attributesBundle({ without: lacking === undefined ? [] : ['privileged'] })]);

beforeAll(async () => {
  if (lacking !== undefined) process.stdout.write(`${lacking}\n`);
  bench = await startWorkbench('20');
}, 240_000);

afterAll(async () => {
  await bench?.close();
}, 120_000);

describe('on Engine 20.10, each attribute in a container of its own', () => {
  describePhases(() => ({ bench, desired }), ['20']);
  describeAudits(() => ({ bench, desired }));
});
