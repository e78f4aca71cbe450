import { readComposeFile } from './compose-file.ts';
import { checkTemplates } from './interpolate.ts';
import type { RepositoryReader } from './repository.ts';

/**
 * Reads and checks one file without resolving it: for files that are listed and chosen by nobody. Throws as `readComposeFile` does, and
 * COMPOSE_VAR_SYNTAX.
 */
export async function checkComposeFile({
  path,
  repository,
}: {
  readonly path: string;
  readonly repository: RepositoryReader;
}): Promise<void> {
  checkTemplates(await readComposeFile(path, repository));
}
