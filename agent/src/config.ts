/** Everything that an agent is started with. */
export interface AgentConfig {
  /** The agent's folder, made by `join`. */
  readonly data: string;
  /** The Docker Engine's Unix socket. */
  readonly docker: string;
  /** Milliseconds between full looks when nothing happens. */
  readonly auditMs: number;
  /** Milliseconds that nothing may come of a pull before it is given up. */
  readonly pullSilenceMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** Where an agent keeps everything unless told otherwise. */
export const DEFAULT_DATA = '/var/lib/mooring-agent';
/** Milliseconds between full looks unless told otherwise: events bring everything sooner, this is for those that an engine never sends. */
export const DEFAULT_AUDIT_MS = 5 * 60_000;

/** Milliseconds that nothing may come of a pull unless told otherwise: a registry that is slow says something more often. */
export const DEFAULT_PULL_SILENCE_MS = 5 * 60_000;

/** The engine's socket: DOCKER_HOST where it names one, else the usual place. */
export function defaultDocker(environment: NodeJS.ProcessEnv): string {
  const host = environment['DOCKER_HOST'];
  return host?.startsWith('unix://') === true ? host.slice('unix://'.length) : '/var/run/docker.sock';
}
