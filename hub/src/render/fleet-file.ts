import type { DriftMode } from '@mooring/proto';
import type { Selector } from './selector.ts';
import type { VariableLayer } from './variables.ts';

/** Which hosts something is for. */
export type Target =
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'list'; readonly names: ReadonlySet<string> };

/** What Git says of a host. */
export interface FleetHost {
  readonly labels: Readonly<Record<string, string>>;
  readonly vars: VariableLayer;
}

/** What some hosts get on top of a stack. */
export interface Overlay {
  readonly target: Target;
  readonly compose: readonly string[];
  readonly vars: VariableLayer;
}

/** One stack of fleet.yaml. */
export interface FleetStack {
  readonly name: string;
  /** From the repository's root. */
  readonly folder: string;
  /** Folder on the hosts to which relative binds belong, without a slash at its end; empty: content of Git and the stack's own data. */
  readonly directory: string;
  readonly target: Target;
  /** From the stack's folder, merged left to right. */
  readonly compose: readonly string[];
  readonly overlays: readonly Overlay[];
  /** Stacks that come first on the same host, sorted, each once. */
  readonly after: readonly string[];
  readonly vars: VariableLayer;
  readonly driftMode: DriftMode;
  readonly ignore: readonly string[];
}

/** fleet.yaml, understood. */
export interface Fleet {
  readonly hosts: ReadonlyMap<string, FleetHost>;
  /** Sorted by name. */
  readonly stacks: readonly FleetStack[];
  readonly vars: VariableLayer;
  /** Where a host is named, for warnings: path of keys from the root. */
  readonly namedHosts: readonly { readonly name: string; readonly keys: readonly (string | number)[] }[];
}
