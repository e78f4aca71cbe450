const KEPT = /-kept-[0-9a-f]{12}$/;

/** Name under which a container is kept while its successor proves itself. */
export function keptName(name: string, id: string): string {
  return `${name}-kept-${id.slice(0, 12)}`;
}

/** True for such a name. */
export function isKeptName(name: string): boolean {
  return KEPT.test(name);
}
