import { randomBytes, randomUUID } from 'node:crypto';

/** Where ids and keys come from that nobody may guess. */
export interface Chance {
  uuid(): string;
  bytes(count: number): Uint8Array;
}

/** The machine's own. */
export const MACHINE_CHANCE: Chance = { uuid: randomUUID, bytes: randomBytes };
