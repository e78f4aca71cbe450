import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { MooringError, type Port } from '@mooring/proto';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';

/** Milliseconds within which the kernel answers whether a port is free. */
const PROBE_DEADLINE_MS = 2_000;

/**
 * Refuses the change before anything is touched where a port of the host that a new container asks for is held by somebody else: another container,
 * or a process of the host. Ports of the containers that make way count as free. Throws PORT_TAKEN.
 */
export async function checkPorts(
  { engine }: ApplyParts,
  steps: readonly ContainerStep[],
  leaving: ReadonlySet<string>,
): Promise<void> {
  const wanted = steps.flatMap((step) =>
    step.kind === 'create-container' || step.kind === 'replace-container'
      ? fixedPorts(step).map((port) => ({ step, port }))
      : [],
  );
  if (wanted.length === 0) return;
  const containers = await engine.listContainers();
  const freed = new Set(containers.filter(({ id }) => leaving.has(id)).flatMap(({ hostPorts }) => hostPorts));
  const holders = new Map(
    containers
      .filter(({ id }) => !leaving.has(id))
      .flatMap(({ hostPorts, name }) => hostPorts.map((port) => [port, name] as const)),
  );
  for (const { step, port } of wanted) {
    const key = `${port.hostPort}/${port.protocol}`;
    const holder = holders.get(key);
    if (holder !== undefined && overlaps(port)) throw taken(step, key, `container ${holder} holds it`);
    if (holder === undefined && !freed.has(key) && (await isBound(port)))
      throw taken(step, key, 'a process of the host holds it');
  }
}

function fixedPorts({ service }: ContainerStep): readonly Port[] {
  return (service.container?.ports ?? []).filter((port) => port.published && /^\d+$/.test(port.hostPort));
}

/** Another container may hold the same port on another address; which one, only the engine knows: it decides then. */
function overlaps({ hostAddress }: Port): boolean {
  return hostAddress === '' || hostAddress === '0.0.0.0' || hostAddress === '::';
}

function taken({ name }: ContainerStep, port: string, why: string): MooringError {
  const message = `Cannot create container ${name}: port ${port} of the host is taken: ${why}; a free port is wanted`;
  return new MooringError('PORT_TAKEN', message, { hint: 'Free the port, or publish another one in Git.' });
}

/** Whether the kernel refuses to bind the port. Where it cannot be tried, the engine decides. */
async function isBound({ hostAddress, hostPort, protocol }: Port): Promise<boolean> {
  if (protocol !== 'tcp' && protocol !== 'udp') return false;
  const address = hostAddress === '' ? '0.0.0.0' : hostAddress;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), PROBE_DEADLINE_MS);
  const close =
    protocol === 'tcp' ? bindTcp(address, Number(hostPort), resolve) : bindUdp(address, Number(hostPort), resolve);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await close();
  }
}

function bindTcp(address: string, port: number, answer: (bound: boolean) => void): () => Promise<void> {
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => answer(error.code === 'EADDRINUSE'));
  server.listen({ host: address, port, exclusive: true }, () => answer(false));
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function bindUdp(address: string, port: number, answer: (bound: boolean) => void): () => Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.once('error', (error: NodeJS.ErrnoException) => answer(error.code === 'EADDRINUSE'));
  socket.bind({ address, port, exclusive: true }, () => answer(false));
  return () => new Promise((resolve) => socket.close(() => resolve()));
}
