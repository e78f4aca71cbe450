import { readEnvFile } from './env-file.ts';
import { checkLabelName, readLabels } from './environment.ts';
import type { Field } from './field.ts';
import { type GitScope, readText } from './git-content.ts';
import type { Label } from './model.ts';
import { byName } from './pairs.ts';

/**
 * `label_file` and `labels`, which wins. The files have the grammar of env files, and variables in them stand for labels that came before. Throws
 * GIT_FILE_MISSING, COMPOSE_VAR_* and LABEL_RESERVED.
 */
export async function readWholeLabels(service: Field, scope: GitScope): Promise<readonly Label[]> {
  const own = readLabels(service.get('labels'));
  const files = service.get('label_file')?.items() ?? [];
  if (files.length === 0) return own;
  const values = new Map<string, string>();
  for (const file of files) {
    const { text, path } = await readText(file, file.text(), scope);
    scope.spend(file, text.length);
    scope.spend(file, readEnvFile(text, { file: path, values, lookUp: () => undefined }));
    for (const name of values.keys()) checkLabelName(file, name);
  }
  for (const { name, value } of own) values.set(name, value);
  return [...values].map(([name, value]) => ({ name, value })).sort(byName);
}
