import { MooringError } from '@mooring/proto';
import { RENDERED_KEYS } from '../compose-file.ts';
import { checkOrdering } from '../consistency.ts';
import { readDependencies } from '../dependencies.ts';
import { Field } from '../field.ts';
import { loadFiles, type ProjectInput, Warnings, withProjectName } from '../load-project.ts';
import type { Dependency } from '../model.ts';
import { activeServices } from '../profiles.ts';
import { checkServiceName } from '../service.ts';
import { textBudget } from '../text-budget.ts';
import { Places } from './places.ts';
import { projectName } from './project-name.ts';
import { impliedDependencies, type Names, readCanonicalService } from './read-service.ts';
import { readConfigs, readNetworks, readSecrets, readVolumes } from './resources.ts';
import { type Json, raw } from './shapes.ts';

/** A project's Compose files, and where they lie on this machine. */
export interface CanonicalInput extends ProjectInput {
  /** The project's folder, absolute. */
  readonly place: string;
  /** What `~` stands for. */
  readonly home: string;
}

/** The model that `docker compose config --format json` (2.40.3) prints of the same files. */
export type CanonicalModel = { readonly [key: string]: Json };

/**
 * Reads, interpolates, extends, includes and merges Compose files and prints what they mean. Knows more keys than containers are made of. Throws
 * the first MooringError that stands in the way, with its place.
 */
export async function canonicalProject(
  given: CanonicalInput,
): Promise<{ readonly model: CanonicalModel; readonly warnings: readonly MooringError[] }> {
  const stack = await projectName(given);
  const input = { ...given, stack, variables: withProjectName({ ...given, stack }) };
  const warnings = new Warnings();
  const merged = await loadFiles(input, RENDERED_KEYS, warnings.add);
  if (merged === undefined)
    throw new MooringError('COMPOSE_EMPTY', 'Cannot render: no Compose file is named; one is wanted');
  const model = await readModel(new Field(merged, ''), input);
  return { model: escaped(model) as CanonicalModel, warnings: warnings.all };
}

async function readModel(file: Field, input: CanonicalInput): Promise<CanonicalModel> {
  const name = input.stack;
  const places = new Places({ folder: input.place, home: input.home });
  const names: Names = {
    networks: keysOf(file, 'networks'),
    volumes: keysOf(file, 'volumes'),
    configs: keysOf(file, 'configs'),
    secrets: keysOf(file, 'secrets'),
  };
  const services = await readServices(file, input, { places, names });
  const used = usedNames(services);
  const resources = {
    networks: readNetworks(file.get('networks'), name, used.networks),
    volumes: readVolumes(file.get('volumes'), name, used.volumes),
    configs: readConfigs(file.get('configs'), name, { places, used: used.configs }),
    secrets: readSecrets(file.get('secrets'), name, { places, used: used.secrets }),
  };
  const extensions = file.entries().filter(({ key }) => key.startsWith('x-'));
  return sorted({
    name,
    services,
    ...Object.fromEntries(Object.entries(resources).filter(([, entries]) => Object.keys(entries).length > 0)),
    ...Object.fromEntries(extensions.map(({ key, value }) => [key, raw(value) ?? null])),
  });
}

async function readServices(
  file: Field,
  input: CanonicalInput,
  { places, names }: { places: Places; names: Names },
): Promise<Readonly<Record<string, CanonicalModel>>> {
  const field = file.get('services');
  const all = field?.entries() ?? [];
  if (field === undefined || all.length === 0)
    throw file.refusal('COMPOSE_EMPTY', 'it defines no service; one is wanted');
  const active = activeServices(all, input.variables);
  const scope = { ...input, places, names, spend: textBudget() };
  const services: Record<string, CanonicalModel> = {};
  const dependents: { name: string; dependsOn: readonly Dependency[] }[] = [];
  for (const entry of active) {
    checkServiceName(entry);
    const said = readDependencies(entry.value.get('depends_on'));
    const dependsOn = impliedDependencies(entry.value, said);
    services[entry.key] = sorted(await readCanonicalService(entry.value, scope, dependsOn));
    dependents.push({ name: entry.key, dependsOn });
  }
  const running = new Set(active.map(({ key }) => key));
  const known = (dependency: Dependency): boolean =>
    dependency.required || running.has(dependency.service) || field.get(dependency.service) === undefined;
  checkOrdering(
    dependents.map(({ name, dependsOn }) => ({ name, dependsOn: dependsOn.filter(known), healthcheck: undefined })),
    field,
  );
  return services;
}

function keysOf(file: Field, section: string): ReadonlySet<string> {
  return new Set((file.get(section)?.entries() ?? []).map(({ key }) => key));
}

type Used = Record<'networks' | 'volumes' | 'configs' | 'secrets', ReadonlySet<string>>;

/** Names of what services use: docker compose prints nothing else. */
function usedNames(services: Readonly<Record<string, CanonicalModel>>): Used {
  const all = Object.values(services);
  const sources = (key: string, isOne: (item: CanonicalModel) => boolean): ReadonlySet<string> =>
    new Set(
      all
        .flatMap((service) => (service[key] ?? []) as readonly CanonicalModel[])
        .filter(isOne)
        .map(({ source }) => String(source ?? '')),
    );
  const always = (): boolean => true;
  return {
    networks: new Set(all.flatMap((service) => Object.keys(service['networks'] ?? {}))),
    volumes: sources('volumes', ({ type }) => type === 'volume'),
    configs: sources('configs', always),
    secrets: new Set([...sources('secrets', always), ...builtSecrets(all)]),
  };
}

function builtSecrets(services: readonly CanonicalModel[]): readonly string[] {
  const builds = services.map((service) => (service['build'] ?? {}) as CanonicalModel);
  const secrets = builds.flatMap((build) => (build['secrets'] ?? []) as readonly CanonicalModel[]);
  return secrets.map(({ source }) => String(source ?? ''));
}

/** By code units, which no locale changes. */
function sorted(model: CanonicalModel): CanonicalModel {
  return Object.fromEntries(Object.entries(model).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** As docker compose prints a dollar sign, so that its output can be read again. */
function escaped(value: Json): Json {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escaped);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.replaceAll('$', '$$$$'), escaped(one)]));
}
