import { Buffer } from 'node:buffer';
import { digestOf } from '@mooring/proto';
import type { Field } from './field.ts';
import { type GitScope, readContent, readFile } from './git-content.ts';
import { checkKeys } from './known-keys.ts';
import type { Content, Mount } from './model.ts';
import { cleanTarget, PLAIN_MOUNT } from './mount-target.ts';
import type { VariableSource } from './repository.ts';
import { CONFIG_KEYS, SECRET_KEYS } from './specification.ts';
import type { Warn } from './warn.ts';

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

/** What finding the contents of configs and secrets may ask. */
export interface ContentScope extends GitScope {
  readonly variables: VariableSource;
}

/** The top-level `configs` or `secrets`. A content is read when a service mounts it, once. */
export class FileObjects {
  readonly kind: FileObjectKind;
  readonly #fields: ReadonlyMap<string, Field>;
  readonly #contents = new Map<string, Content>();
  readonly #scope: ContentScope;

  /** Checks the keys of all entries; of those that are ignored `warn` hears. */
  constructor(field: Field | undefined, kind: FileObjectKind, { scope, warn }: { scope: ContentScope; warn: Warn }) {
    this.kind = kind;
    this.#scope = scope;
    const entries = field?.entries() ?? [];
    for (const { value } of entries) checkKeys(value, kind === 'configs' ? CONFIG_KEYS : SECRET_KEYS, warn);
    this.#fields = new Map(entries.map(({ key, value }) => [key, value]));
  }

  /** The content of an entry; undefined where there is no such entry. Throws GIT_FILE_MISSING, COMPOSE_PATH_OUTSIDE, COMPOSE_VAR_UNDEFINED. */
  async content(key: string): Promise<Content | undefined> {
    const field = this.#fields.get(key);
    if (field === undefined) return undefined;
    const known = this.#contents.get(key) ?? (await this.#read(field));
    this.#contents.set(key, known);
    return known;
  }

  async #read(field: Field): Promise<Content> {
    const given = ['file', 'content', 'environment'].flatMap((key) => field.get(key) ?? []);
    const [source, other] = given;
    if (other !== undefined)
      throw other.refusal(
        'COMPOSE_CONFLICT',
        'the content is given twice; one of file, content, environment is wanted',
      );
    if (source === undefined)
      throw field.refusal('COMPOSE_VALUE', 'it names no file; a path in the repository is wanted');
    if (source === field.get('file')) return readContent(await readFile(source, source.text(), this.#scope));
    return textContent(source === field.get('content') ? source.scalarText() : this.#variable(source));
  }

  #variable(field: Field): string {
    const name = field.text();
    const value = this.#scope.variables.get(name);
    if (value !== undefined) return value;
    throw field.refusal(
      'COMPOSE_VAR_UNDEFINED',
      `the variable ${name} is not set; a value is wanted`,
      `Set ${name} under vars: in fleet.yaml, or in the stack's .env.`,
    );
  }
}

function textContent(text: string): Content {
  const bytes = Buffer.from(text);
  return { digest: digestOf(bytes), bytes, executable: false };
}

const REFERENCE_KEYS = { read: ['source', 'target', 'uid', 'gid', 'mode'], refused: {} };
/** Modes that mounted contents have, whatever a file says. */
const FILE_MODE = 0o444;
const EXECUTABLE_MODE = 0o555;

/** `configs` or `secrets` of a service as read-only mounts. Of two with the same target the later wins, as when files are merged. */
export async function readFileMounts(field: Field | undefined, objects: FileObjects): Promise<readonly Mount[]> {
  const mounts = new Map<string, Mount>();
  for (const item of field?.items() ?? []) {
    const mount = await readFileMount(item, objects);
    mounts.set(mount.target, mount);
  }
  return [...mounts.values()];
}

async function readFileMount(item: Field, objects: FileObjects): Promise<Mount> {
  const { kind } = objects;
  const long = item.node.kind === 'mapping';
  if (long) checkKeys(item, REFERENCE_KEYS);
  const name = long ? item.get('source') : item;
  if (name === undefined)
    throw item.refusal('COMPOSE_VALUE', `it names no source; an entry under top-level ${kind} is wanted`);
  const source = name.text();
  const { what, undefinedCode, target } = FILE_OBJECTS[kind];
  const content = await objects.content(source);
  if (content === undefined)
    throw name.refusal(undefinedCode, `${what} "${source}" is not defined; an entry under top-level ${kind} is wanted`);
  if (long) checkOwner(item, content);
  const wanted = (long ? item.get('target')?.text() : undefined) ?? source;
  return {
    target: cleanTarget(item, wanted.startsWith('/') ? wanted : target(wanted)),
    readOnly: true,
    source: { kind: 'file', content },
    ...PLAIN_MOUNT,
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
