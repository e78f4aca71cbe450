import { once } from 'node:events';
import type Docker from 'dockerode';

/** One entry of an engine's own event log. */
export interface EngineEvent {
  readonly type: string;
  readonly action: string;
  readonly name: string;
  /** Unix milliseconds by the engine's clock. */
  readonly atMs: number;
}

// What the engine does by itself, for healthchecks, changes nothing.
const NOT_A_CHANGE = /^(?:exec_|health_status|top|attach|resize)/;

/** Changes to containers, networks, volumes and images since then, by the engine's own event log: the witness of what was done. */
export async function changesSince(docker: Docker, sinceMs: number): Promise<readonly EngineEvent[]> {
  return (await eventsSince(docker, sinceMs)).filter(({ action }) => !NOT_A_CHANGE.test(action));
}

/** Everything that the engine tells since then. */
export async function eventsSince(docker: Docker, sinceMs: number): Promise<readonly EngineEvent[]> {
  const seconds = (ms: number) => Number((ms / 1000).toFixed(3));
  const stream = await docker.getEvents({ since: seconds(sinceMs), until: seconds(Date.now()) });
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  await once(stream, 'end');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseEvent);
}

function parseEvent(line: string): EngineEvent {
  const event: {
    Type?: string;
    Action?: string;
    timeNano?: number;
    Actor?: { ID?: string; Attributes?: Record<string, string> };
  } = JSON.parse(line);
  const { Type: type = '', Action: action = '', timeNano = 0, Actor } = event;
  return { type, action, name: Actor?.Attributes?.['name'] ?? Actor?.ID ?? '', atMs: timeNano / 1e6 };
}
