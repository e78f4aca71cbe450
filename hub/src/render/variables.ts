import type { VariableSource } from '../compose/repository.ts';

/** Names that Mooring sets itself. */
export const RESERVED_VARIABLE_PREFIX = 'MOORING_';

/** Values by name, as fleet.yaml or a .env file gives them. */
export type VariableLayer = Readonly<Record<string, string>>;

/** The host that a stack is rendered for. */
export interface VariableHost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** `MOORING_LABEL_` and the label's key in upper case, every other character than A-Z, 0-9 and _ written as `_`. */
function labelVariable(key: string): string {
  return `${RESERVED_VARIABLE_PREFIX}LABEL_${key.toUpperCase().replace(/[^A-Z0-9_]/g, '_')}`;
}

/** Variables that Mooring sets: name of the stack, and name and labels of the host. Of two labels with one variable the last by key wins. */
export function builtInVariables(stack: string, host: VariableHost | undefined): VariableLayer {
  const layer: Record<string, string> = { MOORING_STACK: stack };
  if (host === undefined) return layer;
  layer['MOORING_HOST'] = host.name;
  for (const key of Object.keys(host.labels).sort()) layer[labelVariable(key)] = host.labels[key] ?? '';
  return layer;
}

/** Looks a name up in each layer in turn; the first that has it wins. */
export function layered(layers: readonly VariableLayer[]): VariableSource {
  return {
    get(name) {
      for (const layer of layers) if (Object.hasOwn(layer, name)) return layer[name];
      return undefined;
    },
  };
}
