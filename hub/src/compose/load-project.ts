import { posix } from 'node:path';
import { MooringError } from '@mooring/proto';
import { APPLIED_KEYS, type FileKeys } from './compose-file.ts';
import { checkServices } from './consistency.ts';
import { checkExclusive } from './exclusive.ts';
import { Field } from './field.ts';
import { FileObjects } from './file-objects.ts';
import { FileLoader } from './load-files.ts';
import type { Project, Service, Volume } from './model.ts';
import { readNetworks, readVolumes } from './networks.ts';
import { activeServices } from './profiles.ts';
import type { RepositoryReader, VariableSource } from './repository.ts';
import { checkServiceName, readService, type ServiceScope } from './service.ts';
import { textBudget } from './text-budget.ts';
import { withPossibleOrder } from './update-config.ts';
import type { Warn } from './warn.ts';
import type { MappingNode } from './yaml-node.ts';

/** A stack's Compose files and what they may refer to. */
export interface ProjectInput {
  readonly stack: string;
  /** Folder of the stack, from the repository's root. */
  readonly folder: string;
  /** Folder on the hosts to which relative binds belong; empty or absent: they are content of Git, or the stack's own data. */
  readonly directory?: string;
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

/** Reads, interpolates, extends, merges and resolves a stack's Compose files. Throws the first MooringError that stands in the way, with its place. */
export async function loadProject(given: ProjectInput): Promise<LoadedProject> {
  const input = { ...given, variables: withProjectName(given) };
  const warnings = new Warnings();
  const merged = await loadFiles(input, APPLIED_KEYS, warnings.add);
  if (merged === undefined)
    throw new MooringError(
      'COMPOSE_EMPTY',
      `Cannot load stack ${input.stack}: it names no Compose file; one is wanted`,
    );
  const project = await resolveProject(new Field(merged, ''), input, warnings.add);
  return { project, warnings: warnings.all };
}

/** The files of a stack as one mapping. */
export function loadFiles(
  { folder, files, variables, repository }: ProjectInput,
  keys: FileKeys,
  warn: Warnings['add'],
): Promise<MappingNode | undefined> {
  const paths = files.map((file) => posix.join(folder, file));
  return new FileLoader({ repository, keys, warn }).load({ folder, paths, variables });
}

/** Docker compose sets this one itself. */
export function withProjectName({ stack, variables }: ProjectInput): VariableSource {
  return { get: (name) => (name === 'COMPOSE_PROJECT_NAME' ? stack : variables.get(name)) };
}

/** Warnings, each once. */
export class Warnings {
  readonly #warnings = new Map<string, MooringError>();

  readonly add = (warning: MooringError, key = JSON.stringify([warning.code, warning.place])): void => {
    if (!this.#warnings.has(key)) this.#warnings.set(key, warning);
  };

  get all(): readonly MooringError[] {
    return [...this.#warnings.values()];
  }
}

async function resolveProject(file: Field, input: ProjectInput, warn: Warn): Promise<Project> {
  const { stack } = input;
  checkName(file, stack);
  const volumes = readVolumes(file.get('volumes'), stack);
  const contents = { ...input, spend: textBudget() };
  const scope: ServiceScope = {
    ...contents,
    volumes: new Set(volumes.map(({ key }) => key)),
    networks: new Set((file.get('networks')?.entries() ?? []).map(({ key }) => key)),
    configs: new FileObjects(file.get('configs'), 'configs', { scope: contents, warn }),
    secrets: new FileObjects(file.get('secrets'), 'secrets', { scope: contents, warn }),
    warn,
  };
  const servicesField = file.get('services');
  if (servicesField === undefined || servicesField.entries().length === 0) {
    throw new MooringError('COMPOSE_EMPTY', `Cannot load stack ${stack}: its files define no service; one is wanted`, {
      place: file.place,
    });
  }
  const services = await readServices(servicesField, scope);
  const used = new Set(services.flatMap(({ networks }) => networks.map(({ network }) => network)));
  const networks = readNetworks(file.get('networks'), stack, used);
  checkExclusive(services, networks, servicesField);
  checkServices(services, servicesField);
  const possible = withPossibleOrder(services, servicesField, warn);
  return { name: stack, services: possible, networks, volumes: usedVolumes(volumes, services) };
}

/** The active services, sorted by name. */
async function readServices(field: Field, scope: ServiceScope): Promise<readonly Service[]> {
  const active = activeServices(field.entries(), scope.variables);
  if (active.length === 0)
    throw field.refusal(
      'COMPOSE_EMPTY',
      'no service has an enabled profile; one that is active is wanted',
      'Enable profiles with the variable COMPOSE_PROFILES, under vars: in fleet.yaml.',
    );
  const services: Service[] = [];
  let ports = 0;
  for (const entry of active) {
    const { key, value } = entry;
    checkServiceName(entry);
    const service = await readService(key, value, scope);
    ports += service.ports.length;
    if (ports > MAX_PORTS)
      throw value.refusal('COMPOSE_PORT', `the stack has more than ${MAX_PORTS} ports up to here; fewer are wanted`);
    services.push(service);
  }
  const names = new Set(active.map(({ key }) => key));
  return services.map((service) => withoutInactive(service, field, names)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A service that is defined and not active is no obstacle for those that only would like it to run. */
function withoutInactive(service: Service, field: Field, active: ReadonlySet<string>): Service {
  const dependsOn = service.dependsOn.filter(
    ({ service: other, required }) => required || active.has(other) || field.get(other) === undefined,
  );
  return dependsOn.length === service.dependsOn.length ? service : { ...service, dependsOn };
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
