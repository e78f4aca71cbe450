import { posix } from 'node:path';
import { MooringError, type Place } from '@mooring/proto';
import { type FileKeys, readComposeFile } from './compose-file.ts';
import { readEnvFile } from './env-file.ts';
import { Extender } from './extends.ts';
import { Field, refusalAt } from './field.ts';
import { lookUp, pathInRepository } from './git-content.ts';
import { interpolateFile } from './interpolate.ts';
import { mergeFiles } from './merge.ts';
import { decodeText } from './read-yaml.ts';
import { rebasedProject } from './rebase.ts';
import type { RepositoryReader, VariableSource } from './repository.ts';
import { textBudget } from './text-budget.ts';
import type { MappingNode, YamlEntry } from './yaml-node.ts';

/** What loading files of one stack shares. */
export interface FilesInput {
  readonly repository: RepositoryReader;
  readonly keys: FileKeys;
  /** Warnings with one key are one warning. */
  readonly warn: (warning: MooringError, key?: string) => void;
}

/** Files that are merged into one, what their relative paths begin at, and their variables. */
interface FileSet {
  readonly folder: string;
  /** From the repository's root. */
  readonly paths: readonly string[];
  readonly variables: VariableSource;
}

/** Projects that include each other in a row, and files of one stack: nobody can follow more. */
const MAX_INCLUDED = 100;
/** What a file may bring along when it is included. */
const SECTIONS: readonly string[] = ['services', 'networks', 'volumes', 'configs', 'secrets'];
const INCLUDE_KEYS: readonly string[] = ['path', 'project_directory', 'env_file'];

/** Reads Compose files with all that they extend and include, and merges them left to right. */
export class FileLoader {
  readonly #input: FilesInput;
  readonly #spend = textBudget();
  #included = 0;

  constructor(input: FilesInput) {
    this.#input = input;
  }

  /**
   * One mapping whose relative paths begin at `folder`; undefined where there is no file. Throws what reading, `extends` and `include` throw:
   * COMPOSE_INCLUDE_CYCLE, and COMPOSE_CONFLICT where two files define one name.
   */
  load(files: FileSet): Promise<MappingNode | undefined> {
    return this.#load(files, []);
  }

  async #load({ folder, paths, variables }: FileSet, chain: readonly string[]): Promise<MappingNode | undefined> {
    const load = (path: string): Promise<MappingNode> => this.#interpolated(path, variables);
    const extender = new Extender({ folder, load });
    const files: MappingNode[] = [];
    for (const path of paths) {
      const file = await extender.resolve(await load(path), path);
      files.push(await this.#withIncluded(file, { folder, paths: [path], variables }, [...chain, path]));
    }
    return mergeFiles(files);
  }

  async #interpolated(path: string, variables: VariableSource): Promise<MappingNode> {
    const { repository, keys, warn } = this.#input;
    const root = await readComposeFile(path, repository, keys);
    return interpolateFile(root, {
      variables,
      unset: (name, node, field) => warn(unsetWarning(name, { ...node.at, field }), `${path} ${name}`),
    });
  }

  /** The file with everything that it includes in its own sections. */
  async #withIncluded(file: MappingNode, set: FileSet, chain: readonly string[]): Promise<MappingNode> {
    const include = new Field(file, '').get('include');
    if (include === undefined) return file;
    const own = { ...file, entries: file.entries.filter(({ key }) => key !== 'include') };
    let whole: MappingNode = own;
    for (const item of include.items()) {
      const included = await this.#include(item, set, chain);
      if (included !== undefined) whole = withSections(whole, included);
    }
    return whole;
  }

  async #include(item: Field, set: FileSet, chain: readonly string[]): Promise<MappingNode | undefined> {
    this.#included += 1;
    if (this.#included > MAX_INCLUDED)
      throw item.refusal('COMPOSE_INCLUDE_CYCLE', `more than ${MAX_INCLUDED} files are included; fewer are wanted`);
    const { folder, paths, envFiles } = readInclude(item, set.folder);
    for (const { field, path } of paths) checkChain(field, chain, path);
    const variables = await this.#variables(envFiles, { field: item, folder, outer: set });
    const files = { folder, paths: paths.map(({ path }) => path), variables };
    const project = await this.#load(files, chain).catch((error: unknown) => {
      throw placed(error, paths[0]?.field ?? item);
    });
    return project === undefined ? undefined : rebasedProject(project, posix.relative(set.folder, folder));
  }

  /** Variables of who includes win over those of files beside what is included. */
  async #variables(
    envFiles: readonly Field[] | undefined,
    { field, folder, outer }: { field: Field; folder: string; outer: FileSet },
  ): Promise<VariableSource> {
    const values = new Map<string, string>();
    const lookUpName = (name: string): string | undefined => outer.variables.get(name);
    const read = async (from: Field, path: string, required: boolean): Promise<void> => {
      const entry = await lookUp(from, this.#input.repository, path);
      if (entry?.kind !== 'file') {
        if (!required) return;
        throw from.refusal('GIT_FILE_MISSING', `${path} is not in the repository; a file is wanted`);
      }
      const text = decodeText(path, await entry.bytes());
      this.#spend(from, text.length);
      this.#spend(from, readEnvFile(text, { file: path, values, lookUp: lookUpName }));
    };
    if (envFiles === undefined) await read(field, posix.join(folder, '.env'), false);
    for (const file of envFiles ?? []) await read(file, pathInRepository(file, outer.folder, file.text()), true);
    return { get: (name) => outer.variables.get(name) ?? values.get(name) };
  }
}

interface Include {
  readonly folder: string;
  readonly paths: readonly { readonly field: Field; readonly path: string }[];
  /** Undefined: the `.env` beside what is included, where there is one. */
  readonly envFiles: readonly Field[] | undefined;
}

/** A path alone, or a mapping. Paths begin at the folder of who includes. */
function readInclude(item: Field, outer: string): Include {
  const isMapping = item.node.kind === 'mapping';
  if (isMapping) item.onlyKeys(INCLUDE_KEYS);
  const path = isMapping ? item.get('path') : item;
  if (path === undefined || path.isNull)
    throw item.refusal('COMPOSE_VALUE', 'it names no path; a Compose file in the repository is wanted');
  const fields = path.node.kind === 'sequence' ? path.items() : [path];
  const paths = fields.map((field) => ({ field, path: pathInRepository(field, outer, field.text()) }));
  const directory = isMapping ? item.get('project_directory') : undefined;
  const folder =
    directory === undefined || directory.isNull
      ? folderOf(paths[0]?.path ?? '')
      : pathInRepository(directory, outer, directory.text());
  const envFile = isMapping ? item.get('env_file') : undefined;
  if (envFile === undefined || envFile.isNull) return { folder, paths, envFiles: undefined };
  return { folder, paths, envFiles: envFile.node.kind === 'sequence' ? envFile.items() : [envFile] };
}

function checkChain(field: Field, chain: readonly string[], path: string): void {
  if (!chain.includes(path)) return;
  const circle = [...chain.slice(chain.indexOf(path)), path].join(' → ');
  throw field.refusal('COMPOSE_INCLUDE_CYCLE', `files include each other: ${circle}; an end is wanted`);
}

/** What is wrong with a file as a whole is said where it is included. */
function placed(error: unknown, field: Field): unknown {
  if (!(error instanceof MooringError) || error.place?.line !== undefined) return error;
  return new MooringError(error.code, error.message, { place: field.place, hint: error.hint, cause: error });
}

/** Both files' sections. A name that stands in both is refused where the second says it. */
function withSections(file: MappingNode, included: MappingNode): MappingNode {
  const sections = new Map(file.entries.map((entry) => [entry.key, entry]));
  for (const entry of included.entries) {
    if (!SECTIONS.includes(entry.key)) continue;
    const own = sections.get(entry.key);
    sections.set(entry.key, own === undefined ? entry : { ...own, value: bothOf(own, entry) });
  }
  return { ...file, entries: [...sections.values()] };
}

function bothOf(own: YamlEntry, included: YamlEntry): MappingNode {
  const [mine, theirs] = [own, included].map(({ key, value }) => new Field(value, key));
  const names = new Map((mine?.entries() ?? []).map((entry) => [entry.key, entry]));
  for (const { key, value } of theirs?.entries() ?? []) {
    const clash = names.get(key);
    if (clash !== undefined && JSON.stringify(clash.value.node) !== JSON.stringify(value.node))
      throw refusalAt({ ...clash.keyAt, field: clash.value.path }, 'COMPOSE_CONFLICT', {
        what: `it is also defined in ${value.node.at.file}:${value.node.at.line}, which is included; one definition is wanted`,
      });
  }
  const entries = [own, included].flatMap(({ value }) => (value.kind === 'mapping' ? value.entries : []));
  return {
    kind: 'mapping',
    at: own.value.at,
    entries: [...new Map(entries.map((entry) => [entry.key, entry])).values()],
  };
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}

function unsetWarning(name: string, place: Place): MooringError {
  return new MooringError(
    'COMPOSE_VAR_UNDEFINED',
    `Cannot find a value for the variable ${name}: it is not set; an empty text stands in for it`,
    { place, hint: `Set it under vars: in fleet.yaml or in the stack's .env, or write \${${name}:-}.` },
  );
}
