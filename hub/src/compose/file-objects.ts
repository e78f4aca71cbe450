import { posix } from 'node:path';
import type { Field } from './field.ts';
import { lookUp, pathInRepository, readContent } from './git-content.ts';
import { checkKeys } from './known-keys.ts';
import type { Content, Mount } from './model.ts';
import type { RepositoryReader } from './repository.ts';
import { FILE_OBJECT_KEYS, UNSUPPORTED_FILE_OBJECT } from './specification.ts';

/** The two kinds differ in where they are mounted when nothing is said (Compose specification, "configs" and "secrets"). */
export const FILE_OBJECTS = {
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

const REFERENCE_KEYS = {
  read: ['source', 'target'],
  refused: {
    uid: 'is ignored by docker compose',
    gid: 'is ignored by docker compose',
    mode: 'is ignored by docker compose',
  },
};

/** `configs` or `secrets` of a service as read-only mounts. */
export function readFileMounts(
  field: Field | undefined,
  kind: FileObjectKind,
  contents: ReadonlyMap<string, Content>,
): readonly Mount[] {
  return (field?.items() ?? []).map((item) => {
    const long = item.node.kind === 'mapping';
    if (long) checkKeys(item, REFERENCE_KEYS);
    const source = long ? (item.get('source')?.text() ?? '') : item.text();
    const { what, undefinedCode, target } = FILE_OBJECTS[kind];
    const content = contents.get(source);
    if (content === undefined)
      throw item.refusal(
        undefinedCode,
        `${what} "${source}" is not defined; an entry under top-level ${kind} is wanted`,
      );
    const wanted = (long ? item.get('target')?.text() : undefined) ?? source;
    return {
      target: posix.normalize(wanted.startsWith('/') ? wanted : target(wanted)),
      readOnly: true,
      source: { kind: 'file', content },
    };
  });
}
