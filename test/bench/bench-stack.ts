/** Name of the stack, the Compose project and the network's prefix, whoever makes them: they are never there at the same time. */
export const STACK = 'bench';
/** The image of every container; stops at once, so that cleaning takes no time. */
export const IMAGE = 'local/bench:1';

/** Names of the services of a stack of `count` containers. */
export function serviceNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `s${String(index + 1).padStart(2, '0')}`);
}

/** The Compose file that Mooring and docker compose are given. */
export function composeFile(count: number): string {
  const services = serviceNames(count).map(
    (name) => `  ${name}:\n    image: ${IMAGE}\n    environment: { NAME: ${name} }\n    restart: unless-stopped\n`,
  );
  return `services:\n${services.join('')}`;
}

/** Body of ContainerCreate for one service: what both make of the Compose file. */
export function containerBody(name: string) {
  const network = `${STACK}_default`;
  return {
    name: `${STACK}-${name}-1`,
    Image: IMAGE,
    Env: [`NAME=${name}`],
    Labels: {
      'com.docker.compose.project': STACK,
      'com.docker.compose.service': name,
      'com.docker.compose.container-number': '1',
      'com.docker.compose.oneoff': 'False',
    },
    HostConfig: { NetworkMode: network, RestartPolicy: { Name: 'unless-stopped' } },
    NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [`${STACK}-${name}-1`, name] } } },
  };
}
