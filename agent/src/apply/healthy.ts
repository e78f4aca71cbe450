import { MooringError } from '@mooring/proto';
import { pause } from '../backoff.ts';
import type { ContainerDetails, Engine } from '../observe/engine.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import { inspectAtWork } from './inspect.ts';
import { checkCancelled } from './step-boundary.ts';

/** Milliseconds of running that count as healthy where there is no healthcheck. */
export const HEALTHY_AFTER_MS = 10_000;
// A healthcheck that never succeeds ends the wait; its own start period and retries are usually far shorter.
const HEALTH_DEADLINE_MS = 120_000;
// Whatever a healthcheck allows itself: meanwhile nothing else of the host is changed.
const MAX_HEALTH_DEADLINE_MS = 15 * 60_000;
const NANOS_PER_MS = 1_000_000;
// Between looks: short beside anything that is waited for.
const POLL_MS = 150;

/** What is waited for, and when waiting is no use any more. */
export interface HealthWait {
  readonly signal: AbortSignal;
  readonly now: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
}

/**
 * Waits until the container is healthy: its healthcheck says so, or it has run for 10 s without one, or it is a one-shot that exited 0. Throws
 * CONTAINER_EXITED, CONTAINER_UNHEALTHY, or APPLY_CANCELLED.
 */
export async function untilHealthy(engine: Engine, id: string, wait: HealthWait): Promise<void> {
  await until(engine, {
    id,
    wait,
    wanted: 'healthy',
    met: (container, waitedMs) => verdict(container, { now: wait.now, waitedMs }),
  });
}

/** Waits until the container has exited with 0. Throws CONTAINER_EXITED where it exits otherwise, CONTAINER_UNHEALTHY after the deadline, or APPLY_CANCELLED. */
export async function untilCompleted(engine: Engine, id: string, wait: HealthWait): Promise<void> {
  await until(engine, {
    id,
    wait,
    wanted: 'completed',
    met: ({ name, status, exitCode, startedAtMs }) => {
      if (status !== 'exited' || startedAtMs === 0) return false;
      if (exitCode !== 0) throw exited(name, exitCode, 'one that completes with 0');
      return true;
    },
  });
}

/** Milliseconds within which a container must be healthy: as long as its healthcheck allows itself, and not less than the usual. */
export function healthDeadlineMs({ inspected }: Pick<ContainerDetails, 'inspected'>): number {
  const { StartPeriod = 0, Interval = 0, Timeout = 0, Retries = 0 } = inspected.Config.Healthcheck ?? {};
  const allowedMs = (StartPeriod + Retries * (Interval + Timeout)) / NANOS_PER_MS;
  return Math.min(Math.max(HEALTH_DEADLINE_MS, allowedMs), MAX_HEALTH_DEADLINE_MS);
}

interface Waiting {
  readonly id: string;
  readonly wait: HealthWait;
  readonly wanted: string;
  /** Given the container and for how long it was waited for, in milliseconds. Throws where waiting is no use. */
  readonly met: (container: ContainerDetails, waitedMs: number) => boolean;
}

async function until(engine: Engine, { id, wait, wanted, met }: Waiting): Promise<void> {
  const { signal, timers = MACHINE_TIMERS } = wait;
  const beganMs = timers.monotonicMs();
  for (;;) {
    const container = await inspectAtWork(engine, id, { timers, signal });
    if (container === undefined)
      throw new MooringError(
        'CONTAINER_EXITED',
        'Cannot wait for a container: it was removed; a running container is wanted',
      );
    if (met(container, timers.monotonicMs() - beganMs)) return;
    const deadlineMs = healthDeadlineMs(container);
    if (timers.monotonicMs() - beganMs > deadlineMs) {
      throw new MooringError(
        'CONTAINER_UNHEALTHY',
        `Cannot use container ${container.name}: it is not ${wanted} after ${deadlineMs / 1000} s; a ${wanted} container is wanted`,
      );
    }
    await pause(POLL_MS, signal, timers);
    checkCancelled(signal);
  }
}

function exited(name: string, exitCode: number, wanted: string): MooringError {
  return new MooringError(
    'CONTAINER_EXITED',
    `Cannot use container ${name}: it exited with ${exitCode}; ${wanted} is wanted`,
    {
      hint: `See why on the host: docker logs ${name}`,
    },
  );
}

function verdict(
  container: ContainerDetails,
  { now, waitedMs }: Pick<HealthWait, 'now'> & { readonly waitedMs: number },
): boolean {
  const { name, status, health, exitCode, restarts, startedAtMs } = container;
  const oneShot = status === 'exited' && exitCode === 0;
  if (oneShot) return true;
  if (status === 'exited' || status === 'dead' || restarts > 0)
    throw exited(name, exitCode, 'a container that keeps running');
  if (health === 'unhealthy')
    throw new MooringError(
      'CONTAINER_UNHEALTHY',
      `Cannot use container ${name}: its healthcheck fails; a healthy container is wanted`,
    );
  if (status !== 'running') return false;
  if (health !== '') return health === 'healthy';
  const ranMs = now() - startedAtMs;
  // A start that lies ahead was before the clock was set back: then only what was seen counts.
  return (ranMs < 0 ? waitedMs : ranMs) >= HEALTHY_AFTER_MS;
}
