import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore, openStore } from './open-store.ts';
import type { HostRecord, Store } from './store.ts';

/** A real database in a folder that goes away with it. */
export interface TemporaryStore {
  readonly store: Store;
  readonly file: string;
  /** Moves the clock. */
  now: number;
  close(): Promise<void>;
}

export const FLEET = '0192f0c1-0000-7000-8000-000000000001';

export async function openTemporaryStore(hosts: readonly string[] = []): Promise<TemporaryStore> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-store-'));
  const file = join(folder, 'hub.sqlite');
  const time = { now: Date.parse('2026-01-01T00:00:00Z') };
  const options = { file, fleetId: FLEET, clock: () => time.now };
  createStore(options);
  const store = await openStore(options);
  await Promise.all(hosts.map((name) => joinHost(store, name, time.now)));
  return {
    store,
    file,
    get now() {
      return time.now;
    },
    set now(value) {
      time.now = value;
    },
    close: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export async function joinHost(store: Store, name: string, now: number): Promise<void> {
  const id = `invitation-of-${name}`;
  await Promise.all([
    store.addInvitation({
      id,
      secretHash: 'aa',
      host: name,
      labels: {},
      expiresAtMs: now + 1000,
      usedAtMs: 0,
      replace: false,
    }),
    store.joinHost(id, hostRecord(name, now)),
  ]);
}

export function hostRecord(name: string, joinedAtMs: number): HostRecord {
  return {
    name,
    identityId: `identity-of-${name}`,
    labels: { role: 'web' },
    joinedAtMs,
    spkiHash: '01',
    nextSpkiHash: '',
    certificateEndsAtMs: joinedAtMs + 1_000_000,
    nkey: 'UABC',
    machineId: `machine-of-${name}`,
    revokedAtMs: 0,
    agentVersion: '',
  };
}
