import type { Field } from '../field.ts';
import type { Places } from './places.ts';
import { choice, flag, type Json, list, object, pairs, plainText, type Shape, text, unlessEmpty } from './shapes.ts';

type Entries = Readonly<Record<string, Json>>;

const ipam = object({
  config: list(object({ aux_addresses: pairs(), gateway: plainText, ip_range: plainText, subnet: plainText })),
  driver: plainText,
  // Docker compose reads them, and prints them nowhere.
  options: () => undefined,
});

const network = object({
  attachable: flag,
  driver: plainText,
  driver_opts: pairs(),
  enable_ipv4: choice,
  enable_ipv6: choice,
  external: raw,
  internal: flag,
  ipam: (field) => ipam(field),
  labels: pairs(),
  name: plainText,
});

const volume = object({ driver: plainText, driver_opts: pairs(), external: raw, labels: pairs(), name: plainText });

/** Networks that services use, the implicit one among them. */
export function readNetworks(field: Field | undefined, project: string, used: ReadonlySet<string>): Entries {
  const networks = named(field, project, { shape: network, used });
  if (used.has('default')) networks['default'] ??= { name: `${project}_default` };
  return Object.fromEntries(Object.entries(networks).map(([key, value]) => [key, { ipam: {}, ...value }]));
}

/** Volumes that services use. */
export function readVolumes(field: Field | undefined, project: string, used: ReadonlySet<string>): Entries {
  return named(field, project, { shape: volume, used });
}

interface ContentScope {
  readonly places: Places;
  readonly used: ReadonlySet<string>;
}

/** Configs that services use. */
export function readConfigs(field: Field | undefined, project: string, { places, used }: ContentScope): Entries {
  return named(field, project, { shape: contentShape(places, { content: text }), used });
}

/** Secrets that services use. */
export function readSecrets(field: Field | undefined, project: string, { places, used }: ContentScope): Entries {
  return named(field, project, { shape: contentShape(places, {}), used });
}

function contentShape(places: Places, others: Readonly<Record<string, Shape>>) {
  return object({
    ...others,
    driver: plainText,
    driver_opts: pairs(),
    environment: plainText,
    external: raw,
    file: (field) => places.absolute(field.text()),
    labels: pairs(),
    name: plainText,
    template_driver: plainText,
  });
}

/** What is made here has a name of the project, what is made elsewhere its own. */
function named(
  field: Field | undefined,
  project: string,
  { shape, used }: { shape: ReturnType<typeof object>; used: ReadonlySet<string> },
): Record<string, { readonly [key: string]: Json }> {
  const entries = (field?.entries() ?? []).filter(({ key }) => used.has(key));
  return Object.fromEntries(
    entries.map(({ key, value }) => {
      const { external, ...said } = shape(value);
      const isExternal = external === true || isMapping(external);
      const old = isMapping(external) ? external['name'] : undefined;
      const name = said['name'] ?? old ?? (isExternal ? key : `${project}_${key}`);
      return [key, { ...said, name, ...(isExternal ? { external: true } : {}) }];
    }),
  );
}

function isMapping(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `true`, or the older mapping with a name. */
function raw(field: Field): Json | undefined {
  if (field.node.kind !== 'mapping') return field.isNull ? undefined : field.boolean();
  return unlessEmpty(object({ name: plainText }))(field) ?? true;
}
