import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { finish, run } from '../support/run.ts';
import { toolPath } from '../support/tools.ts';
import { composeFile, STACK } from './bench-stack.ts';
import { removeAll } from './floor.ts';
import type { Contender } from './interleave.ts';
import { watchStarts } from './start-events.ts';

/** `docker compose up -d` of the same stack on the same engine, from the start of its process. */
export function composeContender(parts: {
  readonly docker: Docker;
  readonly socket: string;
  readonly folder: string;
  readonly count: number;
}): Contender {
  const { docker, socket, folder, count } = parts;
  return {
    work: async () => {
      const starts = await watchStarts(docker, count);
      try {
        const beganMs = Date.now();
        await composeUp({ socket, folder, project: STACK, text: composeFile(count) });
        return (await starts.lastMs) - beganMs;
      } finally {
        starts.close();
      }
    },
    clean: () => removeAll(docker),
  };
}

/** Runs `docker compose up -d` of a Compose file. */
export async function composeUp(parts: {
  readonly socket: string;
  readonly folder: string;
  readonly project: string;
  readonly text: string;
}): Promise<void> {
  const { socket, folder, project, text } = parts;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'compose.yaml');
  writeFileSync(file, text);
  const env = { ...process.env, DOCKER_HOST: `unix://${socket}` };
  const args = ['--file', file, '--project-name', project, 'up', '--detach'];
  const ended = await finish(toolPath('MOORING_COMPOSE_40'), args, env);
  if (ended.code !== 0) throw new Error(`docker compose up ended with ${ended.code}: ${ended.stderr}`);
}

/** Version of docker compose, such as "2.40.3". */
export async function composeVersion(): Promise<string> {
  const text = await run(toolPath('MOORING_COMPOSE_40'), ['version', '--short']);
  return text.trim().split('-')[0] ?? '';
}
