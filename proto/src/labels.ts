/** Labels by which Mooring knows its objects on an engine, together with the agent's own record. */
export const LABELS = {
  fleet: 'io.mooring.fleet',
  stack: 'io.mooring.stack',
  service: 'io.mooring.service',
  replica: 'io.mooring.replica',
  /** Spec digest of the container, network or volume. */
  spec: 'io.mooring.spec',
  /** Key of a network or volume in its bundle. */
  key: 'io.mooring.key',
  /** Object name of the bundle that a container was made from. */
  bundle: 'io.mooring.bundle',
} as const;

/** Docker Compose's own labels, so that its tools show the stacks (docker compose 2.40, pkg/api/labels.go). */
export const COMPOSE_LABELS = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  containerNumber: 'com.docker.compose.container-number',
  oneoff: 'com.docker.compose.oneoff',
  configHash: 'com.docker.compose.config-hash',
  image: 'com.docker.compose.image',
  dependsOn: 'com.docker.compose.depends_on',
  workingDir: 'com.docker.compose.project.working_dir',
  configFiles: 'com.docker.compose.project.config_files',
  version: 'com.docker.compose.version',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
} as const;

/** Prefixes that users may not set. */
export const RESERVED_LABEL_PREFIXES = ['io.mooring.', 'com.docker.compose.'] as const;

/** Name of a replica's container where the Compose file names none. */
export function containerName(stack: string, service: string, replica: number): string {
  return `${stack}-${service}-${replica}`;
}
