import type { MooringError, Place } from '@mooring/proto';
import { refusalAt } from './field.ts';

/** Hears of what nobody has to mend. */
export type Warn = (warning: MooringError) => void;

/** The warning that a key is read by nobody: COMPOSE_KEY_IGNORED. `reason` follows "it". */
export function ignoredKey(place: Place, reason: string): MooringError {
  return refusalAt(place, 'COMPOSE_KEY_IGNORED', { what: `it is ignored: it ${reason}` });
}
