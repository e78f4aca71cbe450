import { afterAll, beforeAll, describe } from 'vitest';
import { attributesBundle } from '../support/attributes.ts';
import { desiredOf } from '../support/bench-desired.ts';
import { startWorkbench, type Workbench } from '../support/workbench.ts';
import { describePhase, describePhases } from './phases.ts';

/** Everything of daemon.json that shows in a container that does not ask for it. */
const LOADED = {
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '10m', 'max-file': '3' },
  'default-ulimits': { nofile: { Name: 'nofile', Soft: 2048, Hard: 4096 } },
  'default-shm-size': '96M',
  'default-ipc-mode': 'shareable',
  'default-cgroupns-mode': 'private',
};

let bench: Workbench;
const desired = desiredOf([attributesBundle()]);

beforeAll(async () => {
  bench = await startWorkbench('28', { configuration: LOADED });
}, 240_000);

afterAll(async () => {
  await bench?.close();
}, 120_000);

describe('on an engine with defaults of its own, each attribute in a container of its own', () => {
  describePhases(() => ({ bench, desired }), ['28']);

  describePhase(() => ({ bench, desired }), {
    title: 'is no drift after the defaults were taken away',
    act: () => bench.restartEngine({ configuration: {} }),
  });

  describePhase(() => ({ bench, desired }), {
    title: 'is no drift after the defaults came back',
    act: () => bench.restartEngine({ configuration: LOADED }),
  });
});
