import { existsSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';
import type { Place } from './place.ts';

/** Joins the hosts of a place and starts the agent of the first; returns once it has accepted an assignment. */
export async function connectAgent(place: Place): Promise<void> {
  await place.join('web-1');
  await place.join('web-2');
  await place.clients.admin.sync({});
  place.startAgent('web-1');
  await eventually('the agent accepts an assignment', () => {
    const output = place.agent?.output ?? '';
    if (!output.includes('assignment accepted')) throw new Error(output.slice(-1000));
  });
  // Whoever starts is busy for a while: a probe that noted nothing by now would never note anything.
  for (const { name, probe } of [place.hubTaker, place.agentTaker])
    if (!existsSync(probe)) throw new Error(`nothing measures how busy ${name} is: ${probe} is not there`);
}
