import type { Field, FieldEntry } from './field.ts';
import type { VariableSource } from './repository.ts';

/** The variable that enables profiles, as in docker compose: a list with commas, or `*` for all. */
const PROFILES_VARIABLE = 'COMPOSE_PROFILES';

/** The services without profiles and those with one that is enabled. Asks for the variable only where a service has profiles. */
export function activeServices(services: readonly FieldEntry[], variables: VariableSource): readonly FieldEntry[] {
  if (services.every(({ value }) => profilesOf(value).length === 0)) return services;
  const enabled = new Set((variables.get(PROFILES_VARIABLE) ?? '').split(',').map((name) => name.trim()));
  return services.filter(({ value }) => {
    const names = profilesOf(value);
    return names.length === 0 || enabled.has('*') || names.some((name) => enabled.has(name));
  });
}

function profilesOf(service: Field): readonly string[] {
  return (service.get('profiles')?.items() ?? []).map((profile) => profile.text());
}
