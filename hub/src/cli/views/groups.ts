import { escapeControls } from '../table.ts';

/** Names of hosts that one line shows. */
const MAX_NAMES = 8;

/** `web-1, web-2 (2 hosts)`. */
export function hostsText(hosts: readonly string[]): string {
  const more = hosts.length > MAX_NAMES ? ', …' : '';
  const names = hosts
    .slice(0, MAX_NAMES)
    .map((host) => escapeControls(host))
    .join(', ');
  return `${names}${more} (${countText(hosts.length, 'host')})`;
}

/** `1 host`, `2 hosts`. */
export function countText(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
