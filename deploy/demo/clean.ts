/** Removes everything that the demo made: what runs, containers, networks, image, files. */
import { rmSync } from 'node:fs';
import Docker from 'dockerode';
import { IMAGE, PLACES, STACK } from './places.ts';
import { endDemo } from './running.ts';

const STACK_LABEL = `io.mooring.stack=${STACK}`;
const socketPath = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
const docker = new Docker({ socketPath });

async function removeFromEngine(): Promise<void> {
  const containers = await docker.listContainers({
    all: true,
    filters: { label: [STACK_LABEL], ancestor: [`${IMAGE.repository}:${IMAGE.tag}`] },
  });
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true, v: true });
  const networks = await docker.listNetworks({ filters: { label: [STACK_LABEL] } });
  for (const { Id } of networks) await docker.getNetwork(Id).remove();
  const images = await docker.listImages({ filters: { reference: [`${IMAGE.repository}:${IMAGE.tag}`] } });
  for (const { Id } of images) await docker.getImage(Id).remove({ force: true });
}

await endDemo();
const answers = await docker.ping().then(
  () => true,
  () => false,
);
if (answers) await removeFromEngine();
else process.stdout.write(`No engine answers at ${socketPath}: nothing is removed from it.\n`);
rmSync(PLACES.demo, { recursive: true, force: true });
rmSync(PLACES.context, { force: true });
