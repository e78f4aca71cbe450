/** Bytes of one YAML file: the largest real Compose files have 60 kB. */
export const MAX_YAML_BYTES = 1024 * 1024;
/** Levels of nesting: the specification needs nine. */
export const MAX_YAML_DEPTH = 64;
/** Nodes after aliases are expanded, which is what an alias bomb multiplies. */
export const MAX_YAML_NODES = 100_000;
