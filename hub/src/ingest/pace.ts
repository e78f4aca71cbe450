/** Heartbeats that the hub takes in a second, over all hosts: a small part of one core. */
export const MAX_HEARTBEATS_PER_SECOND = 500;

/** Milliseconds between heartbeats of each of `agents` hosts: what is wished for, or what the hub can bear. */
export function heartbeatInterval(wishedMs: number, agents: number): number {
  return Math.max(wishedMs, Math.ceil((agents * 1000) / MAX_HEARTBEATS_PER_SECOND));
}
