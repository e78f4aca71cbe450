import { run } from '../support/run.ts';

/** A rule of the packet filter in a namespace, while it is there. */
export interface PacketRule {
  /** Packets that met it: that the fault was in force. */
  packets(): Promise<number>;
  remove(): Promise<void>;
}

/** Adds one rule in front of all others; `rule` begins with its chain, such as `['INPUT', '-p', 'tcp', '-j', 'DROP']`. */
export async function addRule(namespace: string, rule: readonly string[]): Promise<PacketRule> {
  const [chain = '', ...match] = rule;
  const table = (...args: string[]) => run('nsenter', [`--net=/run/netns/${namespace}`, 'iptables', '-w', ...args]);
  await table('-I', chain, ...match);
  return {
    packets: async () => {
      const listing = await table('-L', chain, '1', '-v', '-x', '-n');
      return Number(listing.trim().split(/\s+/)[0]);
    },
    remove: async () => {
      await table('-D', chain, ...match);
    },
  };
}
