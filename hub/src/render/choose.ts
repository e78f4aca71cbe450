import type { Fleet, FleetStack, Target } from './fleet-file.ts';
import type { InventoryHost } from './rendering.ts';
import { selects } from './selector.ts';
import { builtInVariables, type VariableLayer } from './variables.ts';

/** A host with what Git says of it. */
export interface FleetMember {
  readonly name: string;
  /** Labels it joined with, and those of fleet.yaml, which win. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its variables in fleet.yaml. */
  readonly vars: VariableLayer;
}

/** Hosts of one stack that chose the same overlays. */
export interface Choice {
  /** Compose files from the stack's folder, merged left to right. */
  readonly files: readonly string[];
  /** Variables of the chosen overlays, of the stack and of the fleet; earlier ones win. */
  readonly layers: readonly VariableLayer[];
  readonly members: readonly FleetMember[];
}

/** The inventory with the labels and variables of fleet.yaml, sorted by name. */
export function fleetMembers(fleet: Fleet, inventory: readonly InventoryHost[]): readonly FleetMember[] {
  return inventory
    .map((host) => {
      const declared = fleet.hosts.get(host.name);
      return { name: host.name, labels: { ...host.labels, ...declared?.labels }, vars: declared?.vars ?? {} };
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** True when the target names or selects the host. */
function isTargeted(target: Target, member: Pick<FleetMember, 'name' | 'labels'>): boolean {
  return target.kind === 'list' ? target.names.has(member.name) : selects(target.selector, member.labels);
}

/** Groups the hosts of a stack by the overlays that are for them. */
export function choices(fleet: Fleet, stack: FleetStack, members: readonly FleetMember[]): readonly Choice[] {
  const groups = new Map<string, { overlays: FleetStack['overlays']; members: FleetMember[] }>();
  for (const member of members) {
    if (!isTargeted(stack.target, member)) continue;
    const indexes = stack.overlays.flatMap((overlay, index) => (isTargeted(overlay.target, member) ? [index] : []));
    const key = indexes.join(',');
    const group = groups.get(key);
    if (group === undefined)
      groups.set(key, { overlays: stack.overlays.filter((_, index) => indexes.includes(index)), members: [member] });
    else group.members.push(member);
  }
  return [...groups.values()].map((group) => ({ ...chosen(fleet, stack, group.overlays), members: group.members }));
}

/** Files and variables of a stack with these overlays. */
export function chosen(fleet: Fleet, stack: FleetStack, overlays: FleetStack['overlays']): Omit<Choice, 'members'> {
  return {
    files: [...stack.compose, ...overlays.flatMap((overlay) => overlay.compose)],
    layers: [...overlays.map((overlay) => overlay.vars).reverse(), stack.vars, fleet.vars],
  };
}

/** Built-in variables and those of the host: they stand before every other layer. */
export function memberLayers(stack: string, member: FleetMember): readonly VariableLayer[] {
  return [builtInVariables(stack, member), member.vars];
}
