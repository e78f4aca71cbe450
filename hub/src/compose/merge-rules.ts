/** How an attribute is merged where the general rule, mappings by key and lists appended, does not hold (compose-go, override/merge.go). */
export type MergeRule =
  /** The later file's value, whatever it is. */
  | 'replace'
  /** A list of `NAME=value` counts as a mapping. */
  | 'pairs'
  /** A list of names counts as a mapping with empty values. */
  | 'names'
  /** A list of services counts as a mapping that waits for their start. */
  | 'dependencies'
  /** A value that stands alone counts as a list of one. */
  | 'list'
  /** A mapping of hosts to addresses counts as a list of `host=address`. */
  | 'hosts'
  /** Options belong to a driver: with another driver nothing of the earlier file is left. */
  | 'logging'
  /** Mappings in a list, merged where they have the same subnet. */
  | 'pools';

/** By path, `*` standing for a name that the user chose. */
const RULES: ReadonlyMap<string, MergeRule> = new Map([
  ['services.*.build', 'replace'],
  ['services.*.command', 'replace'],
  ['services.*.entrypoint', 'replace'],
  ['services.*.healthcheck.test', 'replace'],
  ['services.*.environment', 'pairs'],
  ['services.*.labels', 'pairs'],
  ['services.*.annotations', 'pairs'],
  ['services.*.sysctls', 'pairs'],
  ['services.*.networks', 'names'],
  ['services.*.depends_on', 'dependencies'],
  ['services.*.dns', 'list'],
  ['services.*.dns_opt', 'list'],
  ['services.*.dns_search', 'list'],
  ['services.*.env_file', 'list'],
  ['services.*.label_file', 'list'],
  ['services.*.tmpfs', 'list'],
  ['services.*.extra_hosts', 'hosts'],
  ['services.*.logging', 'logging'],
  ['networks.*.labels', 'pairs'],
  ['networks.*.ipam.config', 'pools'],
  ['volumes.*.labels', 'pairs'],
]);

/** The rule for a path; every limit of `ulimits` is replaced as a whole. */
export function mergeRule(pattern: readonly string[]): MergeRule | undefined {
  const isUlimit = pattern.length === 4 && pattern[0] === 'services' && pattern[2] === 'ulimits';
  return isUlimit ? 'replace' : RULES.get(pattern.join('.'));
}
