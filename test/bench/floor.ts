import type Docker from 'dockerode';
import { containerBody, STACK, serviceNames } from './bench-stack.ts';
import type { Contender } from './interleave.ts';
import { watchStarts } from './start-events.ts';

// What serves an engine best when it removes; removals are not counted.
const REMOVALS_AT_A_TIME = 8;

/** The raw Engine API: a network, then create and start of each container, `atATime` side by side. Nothing can be faster on the same engine. */
export function floorContender(docker: Docker, count: number, atATime: number): Contender {
  return {
    work: async () => {
      const starts = await watchStarts(docker, count);
      try {
        const beganMs = Date.now();
        await docker.createNetwork({ Name: `${STACK}_default`, Driver: 'bridge' });
        await inLanes(serviceNames(count), atATime, async (name) => {
          const container = await docker.createContainer(containerBody(name));
          await container.start();
        });
        return (await starts.lastMs) - beganMs;
      } finally {
        starts.close();
      }
    },
    clean: () => removeAll(docker),
  };
}

/** Removes every container and network that a contender left. */
export async function removeAll(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true });
  await inLanes(containers, REMOVALS_AT_A_TIME, ({ Id }) => docker.getContainer(Id).remove({ force: true, v: true }));
  const networks = await docker.listNetworks({ filters: { type: ['custom'] } });
  for (const { Id } of networks) await docker.getNetwork(Id).remove();
}

/** Works on a few items at a time, each lane taking the next when it is done. */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (const item of rest) await task(item);
    }),
  );
}
