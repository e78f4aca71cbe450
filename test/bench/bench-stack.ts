/** Name of the stack, the Compose project and the network's prefix, whoever makes them: they are never there at the same time. */
export const STACK = 'bench';
/** The image of every container; stops at once, so that cleaning takes no time. */
export const IMAGE = 'local/bench:1';

/** Names of the services of a stack of `count` containers. */
export function serviceNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `s${String(index + 1).padStart(2, '0')}`);
}

/** The Compose file that Mooring and docker compose are given. Another version changes the first service alone. */
export function composeFile(count: number, version = 0): string {
  const services = serviceNames(count).map((name, index) => {
    const environment = JSON.stringify(environmentOf(name, index === 0 ? version : 0));
    return `  ${name}:\n    image: ${IMAGE}\n    environment: ${environment}\n    restart: unless-stopped\n`;
  });
  return `services:\n${services.join('')}`;
}

/** Variables of a service's containers. */
export function environmentOf(name: string, version: number): Readonly<Record<string, string>> {
  return { NAME: name, VERSION: String(version) };
}

/** Body of ContainerCreate for one service: what both make of the Compose file. */
export function containerBody(name: string) {
  const network = `${STACK}_default`;
  return {
    name: `${STACK}-${name}-1`,
    Image: IMAGE,
    Env: Object.entries(environmentOf(name, 0)).map(([key, value]) => `${key}=${value}`),
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
