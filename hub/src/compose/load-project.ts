import { posix } from 'node:path';
import { MooringError, type Place } from '@mooring/proto';
import { readComposeFile } from './compose-file.ts';
import { checkServices } from './consistency.ts';
import { Field } from './field.ts';
import { readFileObjects } from './file-objects.ts';
import { interpolateFile } from './interpolate.ts';
import { mergeFiles } from './merge.ts';
import type { Project, Service, Volume } from './model.ts';
import { readNetworks, readVolumes } from './networks.ts';
import type { RepositoryReader, VariableSource } from './repository.ts';
import { checkServiceName, readService } from './service.ts';
import type { MappingNode } from './yaml-node.ts';

/** A stack's Compose files and what they may refer to. */
export interface ProjectInput {
  readonly stack: string;
  /** Folder of the stack, from the repository's root. */
  readonly folder: string;
  /** Compose files from the stack's folder, merged left to right. */
  readonly files: readonly string[];
  readonly variables: VariableSource;
  readonly repository: RepositoryReader;
}

/** Ports of one stack, ranges counted port by port: what a host has. */
const MAX_PORTS = 65_535;

/** A stack, resolved. Warnings are errors that nobody has to mend: an unset variable. */
export interface LoadedProject {
  readonly project: Project;
  readonly warnings: readonly MooringError[];
}

/** Reads, interpolates, merges and resolves a stack's Compose files. Throws the first MooringError that stands in the way, with its place. */
export async function loadProject(input: ProjectInput): Promise<LoadedProject> {
  const warnings = new Map<string, MooringError>();
  const files: MappingNode[] = [];
  for (const file of input.files) files.push(await readInterpolated(posix.join(input.folder, file), input, warnings));
  const merged = mergeFiles(files);
  if (merged === undefined)
    throw new MooringError(
      'COMPOSE_EMPTY',
      `Cannot load stack ${input.stack}: it names no Compose file; one is wanted`,
    );
  const project = await resolveProject(new Field(merged, ''), input);
  return { project, warnings: [...warnings.values()] };
}

async function readInterpolated(
  path: string,
  { variables, repository }: ProjectInput,
  warnings: Map<string, MooringError>,
): Promise<MappingNode> {
  const root = await readComposeFile(path, repository);
  return interpolateFile(root, {
    variables,
    unset: (name, node, field) => {
      const key = `${path} ${name}`;
      if (!warnings.has(key)) warnings.set(key, unsetWarning(name, { ...node.at, field }));
    },
  });
}

function unsetWarning(name: string, place: Place): MooringError {
  return new MooringError(
    'COMPOSE_VAR_UNDEFINED',
    `Cannot find a value for the variable ${name}: it is not set; an empty text stands in for it`,
    { place, hint: `Set it under vars: in fleet.yaml or in the stack's .env, or write \${${name}:-}.` },
  );
}

async function resolveProject(file: Field, input: ProjectInput): Promise<Project> {
  const { stack } = input;
  checkName(file, stack);
  const volumes = readVolumes(file.get('volumes'), stack);
  const scope = {
    ...input,
    volumes: new Set(volumes.map(({ key }) => key)),
    networks: new Set((file.get('networks')?.entries() ?? []).map(({ key }) => key)),
    configs: await readFileObjects(file.get('configs'), input),
    secrets: await readFileObjects(file.get('secrets'), input),
  };
  const servicesField = file.get('services');
  if (servicesField === undefined || servicesField.entries().length === 0) {
    throw new MooringError('COMPOSE_EMPTY', `Cannot load stack ${stack}: its files define no service; one is wanted`, {
      place: file.place,
    });
  }
  const services: Service[] = [];
  let ports = 0;
  for (const entry of servicesField.entries()) {
    const { key, value } = entry;
    checkServiceName(entry);
    const service = await readService(key, value, scope);
    ports += service.ports.length;
    if (ports > MAX_PORTS)
      throw value.refusal('COMPOSE_PORT', `the stack has more than ${MAX_PORTS} ports up to here; fewer are wanted`);
    services.push(service);
  }
  services.sort((a, b) => (a.name < b.name ? -1 : 1));
  checkServices(services, servicesField);
  const used = new Set(services.flatMap(({ networks }) => networks.map(({ network }) => network)));
  return {
    name: stack,
    services,
    networks: readNetworks(file.get('networks'), stack, used),
    volumes: usedVolumes(volumes, services),
  };
}

/** Docker compose makes no volume that no service mounts. */
function usedVolumes(volumes: readonly Volume[], services: readonly Service[]): readonly Volume[] {
  const sources = services.flatMap(({ mounts }) => mounts.map(({ source }) => source));
  const used = new Set(sources.map((source) => (source.kind === 'volume' ? source.volume : '')));
  return volumes.filter(({ key }) => used.has(key));
}

function checkName(file: Field, stack: string): void {
  const name = file.get('name');
  if (name === undefined || name.text() === stack) return;
  throw name.refusal('COMPOSE_NAME', `"${name.text()}" is not the name of the stack; "${stack}" or no name is wanted`);
}
