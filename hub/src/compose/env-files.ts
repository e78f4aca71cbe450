import { readEnvFile } from './env-file.ts';
import { readEnvironment } from './environment.ts';
import type { Field } from './field.ts';
import type { ContentScope } from './file-objects.ts';
import { lookUp, pathInRepository, readText } from './git-content.ts';
import type { Service } from './model.ts';
import { byName } from './pairs.ts';
import { readRawEnvFile } from './raw-env-file.ts';

/**
 * `env_file` and `environment`, which wins. In the files variables stand for those of the fleet, then for those of `environment`, then for those
 * of the files so far. Throws GIT_FILE_MISSING unless `required: false`, and COMPOSE_VAR_*.
 */
export async function readWholeEnvironment(service: Field, scope: ContentScope): Promise<Service['environment']> {
  const environment = service.get('environment');
  const own = readEnvironment(environment, scope.variables);
  const files = service.get('env_file')?.items() ?? [];
  if (files.length === 0) return own;
  const ownValues = new Map(own.map(({ name, value }) => [name, value]));
  const values = new Map<string, string>();
  const lookUpName = (name: string): string | undefined => scope.variables.get(name) ?? ownValues.get(name);
  for (const file of files) await readOne(file, scope, { values, lookUp: lookUpName });
  // A name that `environment` leaves without a value stays without one, whatever the files say.
  for (const { key } of environment?.entries() ?? []) values.delete(key);
  return [...own, ...[...values].map(([name, value]) => ({ name, value }))].sort(byName);
}

async function readOne(
  item: Field,
  scope: ContentScope,
  { values, lookUp: lookUpName }: { values: Map<string, string>; lookUp: (name: string) => string | undefined },
): Promise<void> {
  const { path, required, raw } = readReference(item);
  if (!required && (await isMissing(path, scope))) return;
  const { text, path: file } = await readText(path, path.text(), scope);
  scope.spend(path, text.length);
  const read = raw ? readRawEnvFile : readEnvFile;
  scope.spend(path, read(text, { file, values, lookUp: lookUpName }));
}

function readReference(item: Field): { path: Field; required: boolean; raw: boolean } {
  if (item.node.kind !== 'mapping') return { path: item, required: true, raw: false };
  item.onlyKeys(['path', 'required', 'format']);
  const path = item.get('path');
  if (path === undefined) throw item.refusal('COMPOSE_VALUE', 'it names no path; a path in the repository is wanted');
  const format = item.get('format');
  const isRaw = format?.text() === 'raw';
  if (format !== undefined && format.text() !== '' && !isRaw)
    throw format.refusal('COMPOSE_VALUE', `"${format.text()}" is no format; raw or none is wanted`);
  return { path, required: item.get('required')?.boolean() ?? true, raw: isRaw };
}

async function isMissing(path: Field, { folder, repository }: ContentScope): Promise<boolean> {
  return (await lookUp(path, repository, pathInRepository(path, folder, path.text()))) === undefined;
}
