import { freePort } from '../../support/free-port.ts';
import type { BareHubVerbs } from './bare-hub.ts';
import { Child } from './child.ts';
import type { Crowd } from './crowd.ts';

/** How a bare hub is started. */
export interface BareHubOptions {
  /** Where it stores reports; absent: nowhere. */
  readonly database?: string | undefined;
  /** True: with the flags and environment that the hub runs with, so that their memory can be compared. */
  readonly asHub?: boolean | undefined;
}

// As hub/bin/mooring.js starts a hub.
const AS_HUB = {
  flags: ['--max-semi-space-size=2', '--v8-pool-size=1'],
  env: { MALLOC_ARENA_MAX: '1' },
};

/** A bare hub that listens, with the certificates of a crowd's fleet. */
export interface BareHub {
  readonly address: string;
  readonly pid: number;
  end(): Promise<void>;
}

/** Starts the process of bare-hub.ts. */
export async function startBareHub(crowd: Crowd, { database, asHub = false }: BareHubOptions = {}): Promise<BareHub> {
  const port = await freePort();
  const args = [crowd.data, String(port), ...(database === undefined ? [] : [database])];
  const child = new Child<BareHubVerbs>('bare-hub.ts', args, asHub ? AS_HUB : {});
  try {
    await child.ask('listen', undefined);
  } catch (error) {
    await child.end();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, pid: child.pid, end: () => child.end() };
}
