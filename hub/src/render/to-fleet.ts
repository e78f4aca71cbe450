import { DriftMode, MooringError, type Place } from '@mooring/proto';
import { orderErrors } from './after.ts';
import type { Fleet, FleetStack, Overlay, Target } from './fleet-file.ts';
import type { FleetDocument } from './fleet-schema.ts';
import { repositoryPath } from './repository-path.ts';
import { parseSelector } from './selector.ts';
import { RESERVED_VARIABLE_PREFIX, type VariableLayer } from './variables.ts';

type Keys = readonly (string | number)[];
type StackDocument = NonNullable<FleetDocument['stacks']>[string];

/** Turns the document into what rendering works with; what is wrong beyond its form is collected. */
export function toFleet(
  document: FleetDocument,
  place: (keys: Keys) => Place,
): { fleet: Fleet; errors: readonly MooringError[] } {
  const conversion = new Conversion(place);
  const hosts = new Map(
    Object.entries(document.hosts ?? {}).map(([name, host]) => {
      conversion.namedHosts.push({ name, keys: ['hosts', name] });
      return [name, { labels: host?.labels ?? {}, vars: conversion.variables(host?.vars, ['hosts', name, 'vars']) }];
    }),
  );
  const stacks = Object.entries(document.stacks ?? {})
    .map(([name, stack]) => conversion.stack(name, stack))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  const vars = conversion.variables(document.vars, ['vars']);
  const errors = [...conversion.errors, ...orderErrors(document.stacks ?? {}, place)];
  return { fleet: { hosts, stacks, vars, namedHosts: conversion.namedHosts }, errors };
}

class Conversion {
  readonly errors: MooringError[] = [];
  readonly namedHosts: { name: string; keys: Keys }[] = [];
  private readonly place: (keys: Keys) => Place;

  constructor(place: (keys: Keys) => Place) {
    this.place = place;
  }

  stack(name: string, stack: StackDocument): FleetStack {
    const keys: Keys = ['stacks', name];
    const folder = this.folder(stack.path ?? `stacks/${name}`, [...keys, 'path']);
    return {
      name,
      folder,
      directory: (stack.directory ?? '').replace(/\/$/, ''),
      target: this.target(stack.hosts, [...keys, 'hosts']),
      compose: this.files(folder, stack.compose ?? ['compose.yaml'], [...keys, 'compose']),
      overlays: (stack.overlays ?? []).map((overlay, index) =>
        this.overlay(folder, overlay, [...keys, 'overlays', index]),
      ),
      after: [...new Set(stack.after ?? [])].sort(),
      vars: this.variables(stack.vars, [...keys, 'vars']),
      driftMode: stack.drift === 'report' ? DriftMode.DRIFT_MODE_REPORT : DriftMode.DRIFT_MODE_CORRECT,
      ignore: stack.ignore ?? [],
    };
  }

  private overlay(folder: string, overlay: NonNullable<StackDocument['overlays']>[number], keys: Keys): Overlay {
    return {
      target: this.target(overlay.hosts, [...keys, 'hosts']),
      compose: this.files(folder, overlay.compose ?? [], [...keys, 'compose']),
      vars: this.variables(overlay.vars, [...keys, 'vars']),
    };
  }

  private target(hosts: string | readonly string[], keys: Keys): Target {
    if (typeof hosts !== 'string') {
      for (const [index, name] of hosts.entries()) this.namedHosts.push({ name, keys: [...keys, index] });
      return { kind: 'list', names: new Set(hosts) };
    }
    try {
      return { kind: 'selector', selector: parseSelector(hosts) };
    } catch (error) {
      if (!(error instanceof MooringError)) throw error;
      this.errors.push(new MooringError(error.code, error.message, { place: this.place(keys), cause: error }));
      return { kind: 'list', names: new Set() };
    }
  }

  private folder(path: string, keys: Keys): string {
    return repositoryPath('', path) ?? this.outside(path, keys);
  }

  private files(folder: string, files: readonly string[], keys: Keys): readonly string[] {
    for (const [index, file] of files.entries())
      if (repositoryPath(folder, file) === undefined) this.outside(file, [...keys, index]);
    return files;
  }

  private outside(path: string, keys: Keys): string {
    const message = `Cannot read ${path}: the path leaves the repository; a relative path inside of it is wanted`;
    this.errors.push(new MooringError('COMPOSE_PATH_OUTSIDE', message, { place: this.place(keys) }));
    return '';
  }

  variables(vars: VariableLayer | undefined, keys: Keys): VariableLayer {
    for (const name of Object.keys(vars ?? {})) {
      if (!name.startsWith(RESERVED_VARIABLE_PREFIX)) continue;
      const message = `Cannot set variable ${name}: names that begin with ${RESERVED_VARIABLE_PREFIX} are set by Mooring; another name is wanted`;
      this.errors.push(new MooringError('NAME_INVALID', message, { place: this.place([...keys, name]) }));
    }
    return vars ?? {};
  }
}
