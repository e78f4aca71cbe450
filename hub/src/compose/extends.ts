import { posix } from 'node:path';
import { MooringError } from '@mooring/proto';
import { Field } from './field.ts';
import { pathInRepository } from './git-content.ts';
import { extendService } from './merge.ts';
import { rebased } from './rebase.ts';
import { MAX_YAML_NODES } from './yaml-limits.ts';
import type { MappingNode, YamlNode } from './yaml-node.ts';

/** Services that one extends in a row: nobody can follow more. */
const MAX_CHAIN = 50;

/** A file whose services others extend. */
interface BaseFile {
  /** A file of the stack itself is not the same when it is named as a base: its paths begin elsewhere. */
  readonly id: string;
  readonly path: string;
  /** What its relative paths begin at. */
  readonly folder: string;
  readonly services: Field | undefined;
}

/** Services on the way from the first that extends, as `file#service`. */
type Chain = readonly string[];

/** Resolves `extends` for the files of one stack. */
export class Extender {
  readonly #stackFolder: string;
  readonly #load: (path: string) => Promise<MappingNode>;
  readonly #files = new Map<string, BaseFile>();
  readonly #resolved = new Map<string, MappingNode | undefined>();
  #copied = 0;

  /** `load` reads a file by its path from the repository's root, variables filled in. */
  constructor({ folder, load }: { folder: string; load: (path: string) => Promise<MappingNode> }) {
    this.#stackFolder = folder;
    this.#load = load;
  }

  /**
   * The file with every service merged over the one that it extends. Throws COMPOSE_EXTENDS_UNKNOWN, COMPOSE_EXTENDS_CYCLE, and what reading
   * another file throws.
   */
  async resolve(root: MappingNode, path: string): Promise<MappingNode> {
    const services = servicesOf(root);
    const extending = services?.entries().some(({ value }) => extendsOf(value) !== undefined) ?? false;
    if (services === undefined || services.node.kind !== 'mapping' || !extending) return root;
    // Of a file of the stack itself, paths begin at the stack's folder.
    const file: BaseFile = { id: `stack:${path}`, path, folder: this.#stackFolder, services };
    const entries = [];
    for (const entry of services.node.entries) {
      const service = await this.#service(file, entry.key, []);
      entries.push(service === undefined ? entry : { ...entry, value: service });
    }
    const value = { ...services.node, entries };
    return {
      ...root,
      entries: root.entries.map((entry) => (entry.key === 'services' ? { ...entry, value } : entry)),
    };
  }

  /** A service of a file, its own paths and those of its base seen from the stack's folder. Undefined for one that is empty. */
  async #service(file: BaseFile, name: string, chain: Chain): Promise<MappingNode | undefined> {
    const key = `${file.id}#${name}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    const field = file.services?.get(name);
    if (field?.node.kind !== 'mapping') {
      // Anything else but an empty one is refused here, by name.
      field?.entries();
      return undefined;
    }
    const own = rebased(field.node, posix.relative(this.#stackFolder, file.folder));
    const reference = extendsOf(field);
    const resolved =
      reference === undefined ? own : await this.#extended({ file, name, own, reference }, [...chain, key]);
    this.#resolved.set(key, resolved);
    return resolved;
  }

  async #extended(
    { file, name, own, reference }: { file: BaseFile; name: string; own: MappingNode; reference: Field },
    chain: Chain,
  ): Promise<MappingNode> {
    const { service, path } = readReference(reference);
    const baseFile = path === undefined ? file : await this.#file(path, file.folder);
    const baseName = service.text();
    if (baseFile.services?.get(baseName) === undefined)
      throw service.refusal(
        'COMPOSE_EXTENDS_UNKNOWN',
        `service "${baseName}" is not in ${baseFile.path}; a service of that file is wanted`,
      );
    checkChain(service, chain, `${baseFile.id}#${baseName}`);
    const base = await this.#service(baseFile, baseName, chain);
    const rest = { ...own, entries: own.entries.filter(({ key }) => key !== 'extends') };
    if (base === undefined) return rest;
    this.#copied += sizeOf(base);
    if (this.#copied > MAX_YAML_NODES)
      throw reference.refusal(
        'YAML_TOO_MANY_NODES',
        `what services extend stands for more than ${MAX_YAML_NODES} nodes up to here; fewer are wanted`,
      );
    return extendService(name, base, rest);
  }

  async #file(field: Field, folder: string): Promise<BaseFile> {
    const path = pathInRepository(field, folder, field.text());
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const services = servicesOf(await this.#loaded(field, path));
    const file = { id: path, path, folder: folderOf(path), services };
    this.#files.set(path, file);
    return file;
  }

  /** What is wrong with a file as a whole is said where it is named. */
  async #loaded(field: Field, path: string): Promise<MappingNode> {
    try {
      return await this.#load(path);
    } catch (error) {
      if (!(error instanceof MooringError) || error.place?.line !== undefined) throw error;
      throw new MooringError(error.code, error.message, { place: field.place, hint: error.hint, cause: error });
    }
  }
}

function servicesOf(root: MappingNode): Field | undefined {
  const entry = root.entries.find(({ key }) => key === 'services');
  return entry === undefined ? undefined : new Field(entry.value, 'services');
}

function extendsOf(service: Field): Field | undefined {
  if (service.node.kind !== 'mapping') return undefined;
  const reference = service.get('extends');
  return reference === undefined || reference.isNull || reference.node.tag === 'reset' ? undefined : reference;
}

/** A name alone is a service of the same file. */
function readReference(field: Field): { service: Field; path: Field | undefined } {
  if (field.node.kind !== 'mapping') return { service: field, path: undefined };
  field.onlyKeys(['service', 'file']);
  const service = field.get('service');
  if (service === undefined) throw field.refusal('COMPOSE_VALUE', 'it names no service; one is wanted');
  const path = field.get('file');
  return { service, path: path === undefined || path.isNull ? undefined : path };
}

function checkChain(field: Field, chain: Chain, next: string): void {
  if (chain.includes(next)) {
    const circle = [...chain.slice(chain.indexOf(next)), next].map((key) => key.slice(key.lastIndexOf('#') + 1));
    throw field.refusal(
      'COMPOSE_EXTENDS_CYCLE',
      `services extend each other: ${circle.join(' → ')}; a service that extends none is wanted`,
    );
  }
  if (chain.length > MAX_CHAIN)
    throw field.refusal('COMPOSE_EXTENDS_CYCLE', `more than ${MAX_CHAIN} services extend each other; fewer are wanted`);
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

function sizeOf(node: YamlNode): number {
  switch (node.kind) {
    case 'scalar':
      return 1;
    case 'sequence':
      return node.items.reduce((sum, item) => sum + sizeOf(item), 1);
    case 'mapping':
      return node.entries.reduce((sum, { value }) => sum + sizeOf(value), 1);
  }
}
