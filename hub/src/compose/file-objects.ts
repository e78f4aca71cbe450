import type { Field } from './field.ts';
import { lookUp, pathInRepository, readContent } from './git-content.ts';
import { checkKeys } from './known-keys.ts';
import type { Content, Mount } from './model.ts';
import { cleanTarget } from './mounts.ts';
import type { RepositoryReader } from './repository.ts';
import { FILE_OBJECT_KEYS, UNSUPPORTED_FILE_OBJECT } from './specification.ts';

/** The two kinds differ in where they are mounted when nothing is said (Compose specification, "configs" and "secrets"). */
const FILE_OBJECTS = {
  configs: { what: 'config', undefinedCode: 'COMPOSE_UNDEFINED_CONFIG', target: (source: string) => `/${source}` },
  secrets: {
    what: 'secret',
    undefinedCode: 'COMPOSE_UNDEFINED_SECRET',
    target: (source: string) => `/run/secrets/${source}`,
  },
} as const;

/** `configs` or `secrets`. */
export type FileObjectKind = keyof typeof FILE_OBJECTS;

/** Contents of the top-level `configs` or `secrets` by key. Throws GIT_FILE_MISSING and COMPOSE_PATH_OUTSIDE. */
export async function readFileObjects(
  field: Field | undefined,
  scope: { folder: string; repository: RepositoryReader },
): Promise<ReadonlyMap<string, Content>> {
  const contents = new Map<string, Content>();
  for (const { key, value } of field?.entries() ?? []) {
    checkKeys(value, { read: FILE_OBJECT_KEYS, refused: UNSUPPORTED_FILE_OBJECT });
    const file = value.get('file');
    if (file === undefined)
      throw value.refusal('COMPOSE_VALUE', 'it names no file; a path in the repository is wanted');
    const path = pathInRepository(file, scope.folder, file.text());
    const entry = await lookUp(file, scope.repository, path);
    if (entry?.kind !== 'file') {
      const what = entry === undefined ? `${path} is not in the repository` : `${path} is a folder`;
      throw file.refusal('GIT_FILE_MISSING', `${what}; a file is wanted`);
    }
    contents.set(key, await readContent(entry));
  }
  return contents;
}

const REFERENCE_KEYS = { read: ['source', 'target', 'uid', 'gid', 'mode'], refused: {} };
/** Modes that mounted contents have, whatever a file says. */
const FILE_MODE = 0o444;
const EXECUTABLE_MODE = 0o555;

/** `configs` or `secrets` of a service as read-only mounts. Of two with the same target the later wins, as when files are merged. */
export function readFileMounts(
  field: Field | undefined,
  kind: FileObjectKind,
  contents: ReadonlyMap<string, Content>,
): readonly Mount[] {
  const mounts = new Map<string, Mount>();
  for (const item of field?.items() ?? []) {
    const mount = readFileMount(item, kind, contents);
    mounts.set(mount.target, mount);
  }
  return [...mounts.values()];
}

function readFileMount(item: Field, kind: FileObjectKind, contents: ReadonlyMap<string, Content>): Mount {
  const long = item.node.kind === 'mapping';
  if (long) checkKeys(item, REFERENCE_KEYS);
  const name = long ? item.get('source') : item;
  if (name === undefined)
    throw item.refusal('COMPOSE_VALUE', `it names no source; an entry under top-level ${kind} is wanted`);
  const source = name.text();
  const { what, undefinedCode, target } = FILE_OBJECTS[kind];
  const content = contents.get(source);
  if (content === undefined)
    throw name.refusal(undefinedCode, `${what} "${source}" is not defined; an entry under top-level ${kind} is wanted`);
  if (long) checkOwner(item, content);
  const wanted = (long ? item.get('target')?.text() : undefined) ?? source;
  return {
    target: cleanTarget(item, wanted.startsWith('/') ? wanted : target(wanted)),
    readOnly: true,
    source: { kind: 'file', content },
  };
}

/** Docker compose ignores owner and mode of contents from files; here they are fine where they are what the container sees. */
function checkOwner(item: Field, { executable }: Content): void {
  for (const key of ['uid', 'gid']) {
    const owner = item.get(key);
    if (owner !== undefined && owner.scalarText() !== '0')
      throw owner.refusal('COMPOSE_UNSUPPORTED_KEY', 'an owner other than 0 is not supported yet; 0 is wanted');
  }
  const mode = item.get('mode');
  const kept = executable ? EXECUTABLE_MODE : FILE_MODE;
  if (mode !== undefined && mode.fileMode() !== kept)
    throw mode.refusal(
      'COMPOSE_UNSUPPORTED_KEY',
      `another mode than the file's is not supported yet; 0${kept.toString(8)} is wanted`,
    );
}
