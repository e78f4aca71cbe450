/** Files of the corpus that docker compose parses and Mooring refuses, also once every service has an image: how, and why. */
export const REFUSED: Readonly<Record<string, { readonly code: string; readonly why: string }>> = {
  ...forEach(
    [
      'compose-spec__compose-go/loader/testdata/compose-include.yaml',
      'compose-spec__compose-go/loader/testdata/compose-test-extends.yaml',
      'compose-spec__compose-go/loader/testdata/extends/withdir/compose.yaml',
      'compose-spec__compose-go/loader/testdata/extends/withdir/dir/compose.yaml',
    ],
    { code: 'GIT_FILE_MISSING', why: 'the corpus does not hold the file that it extends or includes' },
  ),
  'compose-spec__compose-go/loader/testdata/include/project-directory.yaml': {
    code: 'COMPOSE_PATH_OUTSIDE',
    why: 'the corpus does not hold the file that it mounts, and data of a stack lies in its own folder',
  },
  'docker__awesome-compose/minecraft/compose.yaml': {
    code: 'COMPOSE_VOLUME',
    why: '~ depends on who runs docker compose',
  },
  'docker__compose/pkg/e2e/fixtures/watch/compose.yaml': {
    code: 'COMPOSE_UNSUPPORTED_KEY',
    why: "develop is for a developer's machine",
  },
  'traefik__traefik/docs/content/user-guides/docker-compose/acme-dns/docker-compose_secrets.yml': {
    code: 'GIT_FILE_MISSING',
    why: 'its secrets are files that nobody commits',
  },
};

/** What differs from docker compose's model, by file: each with its reason. Nothing does today. */
export const DIFFERENT: Readonly<Record<string, readonly string[]>> = {};

/** Files that render as they are; more is better, fewer is a fault. */
export const LEAST_AS_WRITTEN = 57;
/** Files that render once each service that is only built has an image. */
export const LEAST_WITH_IMAGES = 90;

function forEach<T>(files: readonly string[], reason: T): Readonly<Record<string, T>> {
  return Object.fromEntries(files.map((file) => [file, reason]));
}
