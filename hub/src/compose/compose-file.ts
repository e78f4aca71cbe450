import { MooringError } from '@mooring/proto';
import { Field } from './field.ts';
import { checkKeys, type KnownKeys } from './known-keys.ts';
import { readYaml } from './read-yaml.ts';
import { checkReferences } from './remote-reference.ts';
import type { RepositoryEntry, RepositoryReader } from './repository.ts';
import { RENDERED_SERVICE_KEYS, SERVICE_KEYS, TOP_LEVEL_KEYS } from './specification.ts';
import type { MappingNode } from './yaml-node.ts';

/** Keys of a file and of its services. */
export interface FileKeys {
  readonly file: KnownKeys;
  readonly service: KnownKeys;
}

/** What containers are made of. */
export const APPLIED_KEYS: FileKeys = { file: TOP_LEVEL_KEYS, service: SERVICE_KEYS };

/** What can be printed: more than containers are made of. */
export const RENDERED_KEYS: FileKeys = { file: TOP_LEVEL_KEYS, service: RENDERED_SERVICE_KEYS };

/**
 * Reads one Compose file and checks its keys. Throws GIT_FILE_MISSING, GIT_SYMLINK, GIT_SUBMODULE, YAML_*, COMPOSE_EMPTY, COMPOSE_ROOT_TYPE,
 * COMPOSE_UNKNOWN_KEY, COMPOSE_UNSUPPORTED_KEY.
 */
export async function readComposeFile(
  path: string,
  repository: RepositoryReader,
  keys: FileKeys = APPLIED_KEYS,
): Promise<MappingNode> {
  const entry = await repository.lookup(path);
  const place = { file: path };
  if (entry === undefined)
    throw new MooringError(
      'GIT_FILE_MISSING',
      `Cannot read ${path}: it is not in the repository; a Compose file is wanted`,
      { place },
    );
  if (entry.kind === 'symlink')
    throw new MooringError(
      'GIT_SYMLINK',
      `Cannot read ${entry.path}: it is a symbolic link; links are not followed, a file is wanted`,
      { place: { file: entry.path } },
    );
  if (entry.kind === 'submodule')
    throw new MooringError(
      'GIT_SUBMODULE',
      `Cannot read ${entry.path}: it is a submodule; submodules are not read, a file is wanted`,
      { place: { file: entry.path } },
    );
  if (entry.kind === 'folder')
    throw new MooringError('GIT_FILE_MISSING', `Cannot read ${path}: it is a folder; a Compose file is wanted`, {
      place,
    });
  const root = readYaml(path, await readBytes(entry), { mergeTags: true });
  if (root === undefined)
    throw new MooringError('COMPOSE_EMPTY', `Cannot use ${path}: it is empty; services are wanted`, {
      place: { ...place, line: 1, column: 1 },
    });
  if (root.kind !== 'mapping') {
    const what = root.kind === 'sequence' ? 'a list' : 'one value';
    throw new MooringError(
      'COMPOSE_ROOT_TYPE',
      `Cannot use ${path}: it holds ${what}; a mapping with services is wanted`,
      { place: root.at },
    );
  }
  checkFileKeys(root, keys);
  return root;
}

/** A Compose file that is too large to be read at all is named by the same code as one that is too large to be parsed. */
async function readBytes(entry: Extract<RepositoryEntry, { kind: 'file' }>): Promise<Uint8Array> {
  try {
    return await entry.bytes();
  } catch (error) {
    if (!(error instanceof MooringError) || error.code !== 'GIT_FILE_TOO_LARGE') throw error;
    throw new MooringError('FILE_TOO_LARGE', error.message, { place: error.place, hint: error.hint, cause: error });
  }
}

function checkFileKeys(root: MappingNode, keys: FileKeys): void {
  const file = new Field(root, '');
  checkReferences(file);
  checkKeys(file, keys.file);
  for (const { value } of file.get('services')?.entries() ?? []) checkKeys(value, keys.service);
}
