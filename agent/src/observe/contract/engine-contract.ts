import type { Clause } from './clause.ts';
import { CREATION } from './creation.ts';
import { EVENTS } from './events.ts';
import { LIFE } from './life.ts';
import { RARE } from './rare.ts';
import { SURROUNDINGS } from './surroundings.ts';

/** What the agent relies on in an engine, one promise each. Whoever stands behind the port keeps them all. */
export const ENGINE_CONTRACT: readonly Clause[] = [...CREATION, ...RARE, ...LIFE, ...SURROUNDINGS, ...EVENTS];
