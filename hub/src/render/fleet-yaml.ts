import { MooringError } from '@mooring/proto';
import { decodeText, readYaml } from '../compose/read-yaml.ts';
import type { RepositoryEntry, RepositoryReader } from '../compose/repository.ts';
import { readScalar } from '../compose/scalar.ts';
import type { Position, ScalarNode, YamlNode } from '../compose/yaml-node.ts';

/** A YAML file, with where each of its values stands. */
export interface YamlDocument {
  readonly value: unknown;
  /** Line and column, from 1, of the key or item at that path, or of the nearest one above it. */
  positionOf(keys: readonly (string | number)[]): { readonly line: number; readonly column: number };
}

/** Reads a YAML file of the repository. Throws GIT_*, FLEET_FILE_MISSING, FILE_* and YAML_* errors. An empty file is an empty mapping. */
export async function readDocument(repository: RepositoryReader, path: string): Promise<YamlDocument> {
  const root = readYaml(path, await readBytes(await repository.lookup(path), path));
  return {
    value: root === undefined ? {} : plainValue(root),
    positionOf: (keys) => (root === undefined ? { line: 1, column: 1 } : positionIn(root, keys)),
  };
}

/** The text of a file of the repository. Throws GIT_*, FLEET_FILE_MISSING and FILE_* errors. */
export async function readText(entry: RepositoryEntry | undefined, path: string): Promise<string> {
  return decodeText(path, await readBytes(entry, path));
}

async function readBytes(entry: RepositoryEntry | undefined, path: string): Promise<Uint8Array> {
  const place = { file: path };
  switch (entry?.kind) {
    case 'file':
      return entry.bytes();
    case 'symlink':
      throw new MooringError(
        'GIT_SYMLINK',
        `Cannot read ${entry.path}: it is a symbolic link, and links are not followed; a file is wanted`,
        { place: { file: entry.path } },
      );
    case 'submodule':
      throw new MooringError(
        'GIT_SUBMODULE',
        `Cannot read ${entry.path}: it is a submodule, and submodules are not read; a file is wanted`,
        { place: { file: entry.path } },
      );
    case 'folder':
    case undefined:
      throw new MooringError('FLEET_FILE_MISSING', `Cannot read ${path}: there is no such file; a file is wanted`, {
        place,
      });
  }
}

function plainValue(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return scalarOf(node);
    case 'sequence':
      return node.items.map(plainValue);
    case 'mapping':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainValue(value)]));
  }
}

/** A number or boolean whose usual text is another one stays as it was written: `1.10` is a version, not 1.1. */
function scalarOf(node: ScalarNode): unknown {
  const scalar = readScalar(node);
  switch (scalar.kind) {
    case 'null':
      return null;
    case 'boolean':
    case 'number':
      return String(scalar.value) === node.text ? scalar.value : node.text;
    case 'timestamp':
    case 'string':
      return node.text;
  }
}

function positionIn(root: YamlNode, keys: readonly (string | number)[]): Position {
  let node = root;
  let position = root.at;
  for (const key of keys) {
    const next = childOf(node, key);
    if (next === undefined) break;
    position = next.at;
    node = next.node;
  }
  return position;
}

function childOf(node: YamlNode, key: string | number): { node: YamlNode; at: Position } | undefined {
  if (node.kind === 'sequence') {
    const item = typeof key === 'number' ? node.items[key] : undefined;
    return item === undefined ? undefined : { node: item, at: item.at };
  }
  const entry = node.kind === 'mapping' ? node.entries.find((candidate) => candidate.key === String(key)) : undefined;
  return entry === undefined ? undefined : { node: entry.value, at: entry.keyAt };
}
