import { readWholeEnvironment } from '../env-files.ts';
import { type Field, unknownKey } from '../field.ts';
import type { ContentScope } from '../file-objects.ts';
import { readWholeLabels } from '../label-files.ts';
import type { Dependency } from '../model.ts';
import { serviceOf } from '../namespaces.ts';
import type { Places } from './places.ts';
import { serviceShapes } from './service.ts';
import type { Json } from './shapes.ts';

/** Names that a service may refer to. */
export type Names = Readonly<Record<'networks' | 'volumes' | 'configs' | 'secrets', ReadonlySet<string>>>;

/** What printing a service may ask. */
interface Scope extends ContentScope {
  readonly places: Places;
  readonly names: Names;
}

/** What is resolved elsewhere and printed in another form, or not at all. */
const RESOLVED: readonly string[] = ['depends_on', 'env_file', 'environment', 'extends', 'label_file'];
const DEFAULT_NETWORK = 'default';

/** One service as docker compose prints it. */
export async function readCanonicalService(
  field: Field,
  scope: Scope,
  dependsOn: readonly Dependency[],
): Promise<Readonly<Record<string, Json>>> {
  const shapes = serviceShapes(scope.places);
  // These two are printed also where nothing is said.
  const printed: Record<string, Json> = { command: null, entrypoint: null };
  for (const { key, keyAt, value } of field.entries()) {
    if (RESOLVED.includes(key) || key.startsWith('x-')) continue;
    const shape = shapes[key];
    if (shape === undefined) throw unknownKey(key, { ...keyAt, field: value.path }, Object.keys(shapes));
    const found = value.isNull && !(key in printed) ? undefined : shape(value);
    if (found !== undefined) printed[key] = found;
  }
  checkSource(field, printed);
  resolveArguments(printed['build'], scope);
  Object.assign(printed, await environmentOf(field, scope), await labelsOf(field, scope), dependenciesOf(dependsOn));
  if (printed['network_mode'] === undefined) printed['networks'] ??= { [DEFAULT_NETWORK]: null };
  else if (printed['networks'] !== undefined)
    throw (field.get('networks') ?? field).refusal(
      'COMPOSE_CONFLICT',
      'it stands beside network_mode; one of them is wanted',
    );
  checkReferences(field, printed, scope.names);
  return printed;
}

function checkSource(field: Field, printed: Readonly<Record<string, Json>>): void {
  if (printed['image'] === undefined && printed['build'] === undefined)
    throw field.refusal('COMPOSE_IMAGE_MISSING', 'it names no image and builds none; one of them is wanted');
}

/** An argument of a build without a value takes the variable's, and is left out where that is unset. */
function resolveArguments(build: Json | undefined, { variables }: Scope): void {
  const all = (build ?? {}) as { args?: Record<string, Json> };
  for (const [name, value] of Object.entries(all.args ?? {})) {
    if (value !== null) continue;
    const found = variables.get(name);
    if (found === undefined) delete all.args?.[name];
    else if (all.args !== undefined) all.args[name] = found;
  }
}

/** A name that has no value anywhere is printed without one. */
async function environmentOf(field: Field, scope: Scope): Promise<Readonly<Record<string, Json>>> {
  const resolved = await readWholeEnvironment(field, scope);
  const environment: Record<string, Json> = {};
  for (const { key, value } of field.get('environment')?.entries() ?? []) if (value.isNull) environment[key] = null;
  for (const { name, value } of resolved) environment[name] = value ?? null;
  return Object.keys(environment).length === 0 ? {} : { environment };
}

async function labelsOf(field: Field, scope: Scope): Promise<Readonly<Record<string, Json>>> {
  const file = field.get('label_file');
  if (file === undefined || file.isNull) return {};
  const labels = await readWholeLabels(field, scope);
  return { labels: Object.fromEntries(labels.map(({ name, value }) => [name, value])) };
}

function dependenciesOf(dependsOn: readonly Dependency[]): Readonly<Record<string, Json>> {
  if (dependsOn.length === 0) return {};
  const entries = dependsOn.map(({ service, condition, restart, required }) => [
    service,
    { condition, ...(restart ? { restart } : {}), required },
  ]);
  return { depends_on: Object.fromEntries(entries) };
}

/** Services that come first because something of them is shared, unless the file says how. */
export function impliedDependencies(service: Field, said: readonly Dependency[]): readonly Dependency[] {
  const all = new Map(said.map((dependency) => [dependency.service, dependency]));
  const add = (name: string | undefined, restart: boolean): void => {
    if (name === undefined || name === '' || all.has(name)) return;
    all.set(name, { service: name, condition: 'service_started', restart, required: true });
  };
  for (const link of service.get('links')?.items() ?? []) add(link.text().split(':')[0], true);
  for (const mode of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup'])
    add(serviceOf(service.get(mode)?.text() ?? ''), true);
  for (const from of service.get('volumes_from')?.items() ?? []) {
    const [name] = from.text().split(':');
    if (name !== 'container') add(name, false);
  }
  return [...all.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}

const REFERENCES = [
  { key: 'configs', code: 'COMPOSE_UNDEFINED_CONFIG', what: 'config' },
  { key: 'secrets', code: 'COMPOSE_UNDEFINED_SECRET', what: 'secret' },
  { key: 'volumes', code: 'COMPOSE_UNDEFINED_VOLUME', what: 'volume' },
] as const;

function checkReferences(field: Field, printed: Readonly<Record<string, Json>>, names: Names): void {
  for (const { key, value } of field.get('networks')?.entries() ?? []) {
    if (key !== DEFAULT_NETWORK && !names.networks.has(key))
      throw value.refusal(
        'COMPOSE_UNDEFINED_NETWORK',
        `network "${key}" is not defined; an entry under top-level networks is wanted`,
      );
  }
  for (const { key, code, what } of REFERENCES) {
    const items = (printed[key] ?? []) as readonly { readonly type?: string; readonly source?: string }[];
    for (const [index, { type, source = '' }] of items.entries()) {
      const isOther = key === 'volumes' && (type !== 'volume' || source === '');
      if (isOther || names[key].has(source)) continue;
      const place = field.get(key)?.items()[index] ?? field;
      throw place.refusal(code, `${what} "${source}" is not defined; an entry under top-level ${key} is wanted`);
    }
  }
}
