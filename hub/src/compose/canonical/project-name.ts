import { posix } from 'node:path';
import { RENDERED_KEYS, readComposeFile } from '../compose-file.ts';
import { Field } from '../field.ts';
import { interpolateFile } from '../interpolate.ts';
import type { ProjectInput } from '../load-project.ts';

/** The variable that names a project, whatever its files say. */
const VARIABLE = 'COMPOSE_PROJECT_NAME';

/** What docker compose calls a project: by the variable, else by the last file that says so, else by its folder. */
export async function projectName({ stack, folder, files, variables, repository }: ProjectInput): Promise<string> {
  const said = variables.get(VARIABLE) ?? '';
  if (said !== '') return normalised(said);
  let name = '';
  for (const file of files) {
    const root = await readComposeFile(posix.join(folder, file), repository, RENDERED_KEYS);
    const alone = { ...root, entries: root.entries.filter(({ key }) => key === 'name') };
    name = new Field(interpolateFile(alone, { variables, unset: () => undefined }), '').get('name')?.text() ?? name;
  }
  return normalised(name === '' ? stack : name);
}

function normalised(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}
