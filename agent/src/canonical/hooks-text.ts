import { createHash } from 'node:crypto';
import { Hook } from '@mooring/proto';

/** Hooks as one text that equal ones share; empty: none. A digest, since they may carry values that must not be shown. */
export function hooksText(hooks: readonly Hook[]): string {
  if (hooks.length === 0) return '';
  const digest = createHash('sha256');
  for (const hook of hooks) {
    const bytes = Hook.encode(hook).finish();
    digest.update(`${bytes.byteLength} `).update(bytes);
  }
  return `${hooks.length} ${hooks.length === 1 ? 'command' : 'commands'} ${digest.digest('hex')}`;
}
