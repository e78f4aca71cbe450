import { join, resolve } from 'node:path';

/** The checkout. */
export const ROOT = resolve(import.meta.dirname, '..', '..');

/** Everything that the demo makes, apart from its image and containers. */
export const PLACES = {
  demo: join(ROOT, '.mooring', 'demo'),
  context: join(ROOT, '.mooring', 'context.json'),
  repository: join(ROOT, '.mooring', 'demo', 'fleet'),
  hub: join(ROOT, '.mooring', 'demo', 'hub'),
  agent: join(ROOT, '.mooring', 'demo', 'agent'),
  socket: join(ROOT, '.mooring', 'demo', 'hub', 'hub.sock'),
  hubLog: join(ROOT, '.mooring', 'demo', 'hub.log'),
  agentLog: join(ROOT, '.mooring', 'demo', 'agent.log'),
  example: join(import.meta.dirname, 'fleet'),
} as const;

/** The image that the example runs, made from busybox so that no registry is needed. */
export const IMAGE = { repository: 'mooring-demo', tag: '1' } as const;

/** The example's stack. */
export const STACK = 'hello';

/** Name of this machine in the demo's fleet. */
export const HOST = 'this-machine';
