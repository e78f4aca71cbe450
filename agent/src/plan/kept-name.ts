const PASSING = /-(?:kept|new)-[0-9a-f]{12}$/;

/** Name under which a container is kept while its successor proves itself. */
export function keptName(name: string, id: string): string {
  return `${name}-kept-${id.slice(0, 12)}`;
}

/** Name under which the successor of a container stands until it runs. */
export function newName(name: string, id: string): string {
  return `${name}-new-${id.slice(0, 12)}`;
}

/** True for both: such a container is no replica. */
export function isPassingName(name: string): boolean {
  return PASSING.test(name);
}
