import { hostname } from 'node:os';
import { join } from 'node:path';

/** Everything that a hub is started with. */
export interface HubConfig {
  /** Folder of the fleet, made by `mooring init`. */
  readonly data: string;
  /** Repository: a path, or an http(s) URL without credentials. Absent: the one that it followed last. */
  readonly repo: string | undefined;
  readonly branch: string | undefined;
  /** Where hosts and people elsewhere connect; absent: all addresses, the fleet's own port. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** URL of a broker that somebody else runs; absent: the hub runs its own. */
  readonly nats: string | undefined;
  /** Program that makes that broker read its accounts again. */
  readonly natsReload: string | undefined;
  /** The nats-server binary for a broker of the hub's own. */
  readonly natsServer: string;
  /** File with the token for the repository. */
  readonly tokenFile: string | undefined;
  /** Milliseconds between questions to the repository. */
  readonly pollMs: number;
  /** Milliseconds between heartbeats. */
  readonly heartbeatMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** Where a hub keeps its fleet unless told otherwise. */
export const DEFAULT_DATA = '/var/lib/mooring';
/** Milliseconds between questions to the repository unless told otherwise. */
export const DEFAULT_POLL_MS = 30_000;
/** Port for hosts and people unless told otherwise; joining and the broker take the two above it. */
export const DEFAULT_PORT = 7443;

/** The Unix socket of the hub that keeps its fleet there. */
export function socketPath(data: string): string {
  return join(data, 'hub.sock');
}

/** Addresses that hosts reach this machine by, when `init` is told none. */
export function defaultAddresses(): string[] {
  return [hostname()];
}
