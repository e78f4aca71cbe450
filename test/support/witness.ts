import { once } from 'node:events';
import type Docker from 'dockerode';

/** One entry of an engine's own event log. */
export interface EngineEvent {
  readonly type: string;
  readonly action: string;
  readonly name: string;
}

// What the engine does by itself, for healthchecks, changes nothing.
const NOT_A_CHANGE = /^(?:exec_|health_status|top|attach|resize)/;

/** Changes to containers, networks, volumes and images since then, by the engine's own event log: the witness of what was done. */
export async function changesSince(docker: Docker, sinceMs: number): Promise<readonly EngineEvent[]> {
  const seconds = (ms: number) => Number((ms / 1000).toFixed(3));
  const stream = await docker.getEvents({ since: seconds(sinceMs), until: seconds(Date.now()) });
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(stream, 'end');
  const events = text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseEvent);
  return events.filter(({ action }) => !NOT_A_CHANGE.test(action));
}

function parseEvent(line: string): EngineEvent {
  const event: { Type?: string; Action?: string; Actor?: { Attributes?: Record<string, string> } } = JSON.parse(line);
  return { type: event.Type ?? '', action: event.Action ?? '', name: event.Actor?.Attributes?.['name'] ?? '' };
}
