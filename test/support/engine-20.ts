import { readFileSync } from 'node:fs';

/** What Engine 20.10 cannot be asked for on this machine, and why; undefined: nothing. */
export function lackingPrivileges(): string | undefined {
  const held = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const last = BigInt(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8').trim());
  const all = (1n << (last + 1n)) - 1n;
  return (BigInt(`0x${held}`) & all) === all
    ? undefined
    : 'privileged is left out: Engine 20.10 gives such a container every capability that the kernel knows, and this machine does not hold all of them itself';
}
