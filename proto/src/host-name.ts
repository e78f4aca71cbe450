const HOST_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What names of hosts and users look like, for messages. */
export const HOST_NAME_GRAMMAR = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

/** True for a valid name of a host (or user): one DNS label in lower case. */
export function isHostName(text: string): boolean {
  return HOST_NAME.test(text);
}

const STACK_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** What names of stacks look like: Compose's project names, at most 63 characters. */
export const STACK_NAME_GRAMMAR = '[a-z0-9][a-z0-9_-]{0,62}';

/** True for a valid name of a stack. */
export function isStackName(text: string): boolean {
  return STACK_NAME.test(text);
}
