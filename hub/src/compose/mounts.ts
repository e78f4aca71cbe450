import { posix } from 'node:path';
import type { Field } from './field.ts';
import { lookUp, pathInRepository, readContent, readTree } from './git-content.ts';
import { checkKeys } from './known-keys.ts';
import type { Mount, MountSource } from './model.ts';
import { readBytes } from './quantities.ts';
import type { RepositoryReader } from './repository.ts';

/** What reading a mount may ask. */
export interface MountScope {
  readonly folder: string;
  readonly repository: RepositoryReader;
  /** Keys of the named volumes. */
  readonly volumes: ReadonlySet<string>;
}

/** A mount as it is written. `readOnly` is absent where the file does not say. */
interface Written {
  readonly type: 'volume' | 'bind' | 'tmpfs';
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean | undefined;
  readonly sizeBytes: number;
  readonly mode: number;
}

const NOT_YET = 'is not supported yet';
const LONG_KEYS = {
  // `consistency` means nothing on Linux.
  read: ['type', 'source', 'target', 'read_only', 'consistency', 'bind', 'tmpfs'],
  refused: { volume: NOT_YET, image: NOT_YET },
};
const BIND_KEYS = {
  read: ['create_host_path'],
  refused: { propagation: NOT_YET, selinux: NOT_YET, recursive: NOT_YET },
};
const TMPFS_KEYS = { read: ['size', 'mode'], refused: {} };

/** `volumes` of a service. Of two mounts with the same target the later wins, as when files are merged. */
export async function readMounts(field: Field | undefined, scope: MountScope): Promise<readonly Mount[]> {
  const mounts = new Map<string, Mount>();
  for (const item of field?.items() ?? []) {
    const written = item.node.kind === 'mapping' ? longForm(item) : shortForm(item);
    const mount = await resolveMount(item, written, scope);
    mounts.set(mount.target, mount);
  }
  return [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

function shortForm(field: Field): Written {
  const text = field.text();
  const parts = text.split(':');
  const [first = '', second, options = '', more] = parts;
  if (more !== undefined || first === '')
    throw field.refusal('COMPOSE_VOLUME', `"${text}" is no mount; "source:target[:ro]" is wanted`);
  if (second === undefined)
    return { ...EMPTY, type: 'volume', source: '', target: cleanTarget(field, first), readOnly: undefined };
  if (/^[a-zA-Z]$/.test(first)) {
    throw field.refusal(
      'COMPOSE_VOLUME',
      `"${first}:" reads as a Windows drive; a volume name of two or more characters is wanted`,
    );
  }
  const type = /^[./~]/.test(first) ? 'bind' : 'volume';
  return { ...EMPTY, type, source: first, target: cleanTarget(field, second), readOnly: readOptions(field, options) };
}

const EMPTY = { sizeBytes: 0, mode: 0 } as const;

// docker compose ignores options that it does not know; here only those that mean nothing on Linux are.
function readOptions(field: Field, text: string): boolean | undefined {
  let readOnly: boolean | undefined;
  for (const option of text === '' ? [] : text.split(',')) {
    if (option === 'ro' || option === 'rw') readOnly = option === 'ro';
    else if (!['cached', 'delegated', 'consistent'].includes(option)) {
      throw field.refusal('COMPOSE_UNSUPPORTED_KEY', `its option "${option}" is not supported yet; ro or rw is wanted`);
    }
  }
  return readOnly;
}

function longForm(field: Field): Written {
  checkKeys(field, LONG_KEYS);
  const type = field.get('type')?.text() ?? 'volume';
  if (type !== 'volume' && type !== 'bind' && type !== 'tmpfs') {
    const refused = ['npipe', 'cluster', 'image'].includes(type);
    throw field.refusal(
      refused ? 'COMPOSE_UNSUPPORTED_KEY' : 'COMPOSE_VOLUME',
      `its type "${type}" is not supported yet; volume, bind or tmpfs is wanted`,
    );
  }
  const target = field.get('target');
  if (target === undefined)
    throw field.refusal('COMPOSE_VOLUME', 'it names no target; a path inside the container is wanted');
  const bind = field.get('bind');
  if (bind !== undefined) checkKeys(bind, BIND_KEYS);
  const createPath = bind?.get('create_host_path');
  if (createPath?.boolean() === false)
    throw createPath.refusal('COMPOSE_UNSUPPORTED_KEY', 'it is false, which is not supported yet; true is wanted');
  const tmpfs = field.get('tmpfs');
  if (tmpfs !== undefined) checkKeys(tmpfs, TMPFS_KEYS);
  const size = tmpfs?.get('size');
  const source = field.get('source')?.text() ?? '';
  if (type === 'bind' && source === '')
    throw field.refusal('COMPOSE_VOLUME', 'it is a bind without a source; a path is wanted');
  return {
    type,
    source: type === 'bind' && !/^[./~]/.test(source) ? `./${source}` : source,
    target: cleanTarget(target, target.text()),
    readOnly: field.get('read_only')?.boolean(),
    sizeBytes: size === undefined ? 0 : readBytes(size),
    mode: tmpfs?.get('mode')?.fileMode() ?? 0,
  };
}

/** A path inside a container, as docker compose cleans it. Throws COMPOSE_VOLUME. */
export function cleanTarget(field: Field, target: string): string {
  if (!target.startsWith('/'))
    throw field.refusal(
      'COMPOSE_VOLUME',
      `its target "${target}" is not absolute; a path inside the container is wanted`,
    );
  const clean = posix.normalize(target);
  return clean === '/' ? clean : clean.replace(/\/$/, '');
}

async function resolveMount(field: Field, written: Written, scope: MountScope): Promise<Mount> {
  const { target, readOnly = false } = written;
  if (target === '/')
    throw field.refusal('COMPOSE_VOLUME', 'its target is the root of the container; a path below it is wanted');
  if (written.type === 'tmpfs')
    return { target, readOnly, source: { kind: 'tmpfs', sizeBytes: written.sizeBytes, mode: written.mode } };
  if (written.type === 'volume') return { target, readOnly, source: volumeSource(field, written.source, scope) };
  const source = await bindSource(field, written.source, scope);
  const fromGit = source.kind === 'file' || source.kind === 'tree';
  if (fromGit && written.readOnly === false) {
    throw field.refusal(
      'COMPOSE_BIND_WRITABLE',
      `"${written.source}" is in Git and cannot be written to; a read-only mount is wanted`,
      'Write :ro, or mount data that is not in Git.',
    );
  }
  return { target, readOnly: fromGit || readOnly, source };
}

function volumeSource(field: Field, name: string, { volumes }: MountScope): MountSource {
  if (name === '') return { kind: 'anonymous' };
  if (volumes.has(name)) return { kind: 'volume', volume: name };
  throw field.refusal(
    'COMPOSE_UNDEFINED_VOLUME',
    `volume "${name}" is not defined; an entry under top-level volumes is wanted`,
    `Add "volumes: { ${name}: }".`,
  );
}

async function bindSource(field: Field, source: string, { folder, repository }: MountScope): Promise<MountSource> {
  if (source.startsWith('~'))
    throw field.refusal('COMPOSE_VOLUME', `"${source}" depends on who runs it; an absolute or relative path is wanted`);
  if (source.startsWith('/')) return { kind: 'host', path: posix.normalize(source).replace(/(.)\/$/, '$1') };
  const path = pathInRepository(field, folder, source);
  const entry = await lookUp(field, repository, path);
  if (entry === undefined) return { kind: 'data', path: dataPath(field, folder, path) };
  if (entry.kind === 'file') return { kind: 'file', content: await readContent(entry) };
  return { kind: 'tree', entries: await readTree(field, entry) };
}

/** Data lives below the stack's own folder on the host, so it cannot be beside it. */
function dataPath(field: Field, folder: string, path: string): string {
  const relative = posix.relative(folder, path);
  if (relative.startsWith('..')) {
    throw field.refusal(
      'COMPOSE_PATH_OUTSIDE',
      `"${path}" is not in Git, and data lives in the stack's own folder; a path inside it is wanted`,
    );
  }
  return relative === '' ? '.' : relative;
}
