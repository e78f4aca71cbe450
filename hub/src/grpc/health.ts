import { type HealthService, MooringError, HealthCheckResponse_ServingStatus as Serving } from '@mooring/proto';
import type { Handlers } from './handlers.ts';
import { untilAborted } from './until-aborted.ts';

/** Characters of an unknown name that are repeated. */
const MAX_NAME_CHARACTERS = 100;

/**
 * Handlers of gRPC's standard health service (grpc/grpc, doc/health-checking.md) for a door that serves these services, by their full names. A hub
 * opens its doors when everything behind them runs and closes them first, so whoever hears it at all hears that it serves.
 */
export function createHealth(served: readonly string[]): Handlers<HealthService> {
  // The empty name stands for the server as a whole.
  const known: ReadonlySet<string> = new Set(['', ...served]);
  return {
    async check({ service }) {
      if (known.has(service)) return { status: Serving.SERVING };
      const name = service.slice(0, MAX_NAME_CHARACTERS);
      throw new MooringError(
        'NOT_FOUND',
        `Cannot check ${name}: it is not served here; a service of this hub is wanted`,
      );
    },
    async *watch({ service }, { signal }) {
      yield { status: known.has(service) ? Serving.SERVING : Serving.SERVICE_UNKNOWN };
      // What is served does not change while the hub runs.
      await untilAborted(Promise.withResolvers<never>().promise, signal);
    },
    async list() {
      return { statuses: Object.fromEntries([...known].map((name) => [name, { status: Serving.SERVING }])) };
    },
  };
}
