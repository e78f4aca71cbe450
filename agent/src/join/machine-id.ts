import { readFileSync } from 'node:fs';

/** Where machines keep their id (machine-id(5)); the second is D-Bus' older place. */
const PLACES = ['/etc/machine-id', '/var/lib/dbus/machine-id'] as const;

/** The machine's own id, to notice a cloned identity; empty where the machine has none. */
export function machineId(): string {
  for (const place of PLACES) {
    try {
      const id = readFileSync(place, 'utf8').trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // Not on this machine: the next place.
    }
  }
  return '';
}
