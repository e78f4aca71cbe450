/** Keys that stand in a path as they are. */
const PLAIN_KEY = /^[\w-]+$/;

/** Characters of a key that a path shows. */
const MAX_SHOWN_KEY = 100;

/** The path of a key or index below another path: `services.web.ports[0]`, `services.web.labels["a.b"]`. */
export function fieldPath(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  if (key.length > MAX_SHOWN_KEY) return fieldPath(parent, `${key.slice(0, MAX_SHOWN_KEY - 1)}…`);
  if (!PLAIN_KEY.test(key)) return `${parent}[${JSON.stringify(key)}]`;
  return parent === '' ? key : `${parent}.${key}`;
}
