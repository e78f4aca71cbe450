import { posix } from 'node:path';
import type { Field } from './field.ts';
import { lookUp, pathInRepository, readContent, readTree } from './git-content.ts';
import type { Mount, MountSource } from './model.ts';
import type { RepositoryReader } from './repository.ts';
import { readWrittenMount, type WrittenMount } from './written-mount.ts';

/** What reading a mount may ask. */
export interface MountScope {
  readonly folder: string;
  /** Folder on the hosts to which relative binds belong. */
  readonly directory?: string;
  readonly repository: RepositoryReader;
  /** Keys of the named volumes. */
  readonly volumes: ReadonlySet<string>;
}

/** `volumes` of a service. Of two mounts with the same target the later wins, as when files are merged. */
export async function readMounts(field: Field | undefined, scope: MountScope): Promise<readonly Mount[]> {
  const mounts = new Map<string, Mount>();
  for (const item of field?.items() ?? []) {
    const mount = await resolveMount(item, readWrittenMount(item), scope);
    mounts.set(mount.target, mount);
  }
  return [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

async function resolveMount(field: Field, written: WrittenMount, scope: MountScope): Promise<Mount> {
  const { type, target, readOnly = false, propagation, selinux, noCopy, mustExist } = written;
  const { subpath, volumeLabels, recursive } = written;
  const mount = { target, readOnly, propagation, selinux, noCopy, mustExist, subpath, volumeLabels, recursive };
  if (type === 'tmpfs') {
    const { sizeBytes, mode } = written;
    return { ...mount, source: { kind: 'tmpfs', sizeBytes, mode, options: undefined } };
  }
  if (type === 'image') return { ...mount, source: { kind: 'image', reference: written.source } };
  if (type === 'volume') return { ...mount, source: volumeSource(field, written.source, scope) };
  const source = await bindSource(field, written.source, scope);
  if (source.kind === 'host' || source.kind === 'data') return { ...mount, source };
  if (written.readOnly === false) {
    throw field.refusal(
      'COMPOSE_BIND_WRITABLE',
      `"${written.source}" is in Git and cannot be written to; a read-only mount is wanted`,
      'Write :ro, or mount data that is not in Git.',
    );
  }
  // What is in Git exists.
  return { ...mount, readOnly: true, mustExist: false, recursive: '', source };
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

async function bindSource(field: Field, source: string, scope: MountScope): Promise<MountSource> {
  const { folder, repository, directory = '' } = scope;
  if (source.startsWith('~'))
    throw field.refusal('COMPOSE_VOLUME', `"${source}" depends on who runs it; an absolute or relative path is wanted`);
  if (source.startsWith('/')) return { kind: 'host', path: posix.normalize(source).replace(/(.)\/$/, '$1') };
  if (directory !== '') return { kind: 'host', path: posix.join(directory, source).replace(/(.)\/$/, '$1') };
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
