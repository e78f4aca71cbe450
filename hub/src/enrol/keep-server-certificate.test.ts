import { chmodSync, copyFileSync, cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initFleet } from './init-fleet.ts';
import { type ServerCertificate, ServerCertificateKeeper } from './keep-server-certificate.ts';
import { openFleet } from './open-fleet.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-01-01T00:00:00Z');
let parent: string;
let data: string;
let nowMs: number;
let keeper: ServerCertificateKeeper;
let changes: ServerCertificate[];
let errors: unknown[];
let look: () => void;

const init = (folder: string) => {
  const ports = { grpc: 7443, join: 7444, nats: 7445 };
  return initFleet({ data: folder, name: 'home', addresses: ['hub.lan'], ports, clock: () => NOW });
};

beforeEach(async () => {
  parent = mkdtempSync(join(tmpdir(), 'mooring-certificate-'));
  data = join(parent, 'data');
  nowMs = NOW;
  changes = [];
  errors = [];
  await init(data);
  keeper = new ServerCertificateKeeper({
    data,
    fleet: await openFleet({ data, clock: () => nowMs }),
    clock: () => nowMs,
    timers: {
      monotonicMs: () => 0,
      after: (_, run) => {
        look = run;
        return () => undefined;
      },
    },
    onChanged: (certificate) => changes.push(certificate),
    onError: (error) => errors.push(error),
  });
});

afterEach(() => {
  keeper.close();
  rmSync(parent, { recursive: true });
  expect(errors).toEqual([]);
});

/** Another certificate for the same key and of the same authority. */
async function another(): Promise<string> {
  const copy = join(parent, 'copy');
  cpSync(data, copy, { recursive: true });
  // Folders that are copied get the mode of any new one.
  for (const folder of [copy, join(copy, 'keys')]) chmodSync(folder, 0o700);
  return (await openFleet({ data: copy, clock: () => NOW - 10 * DAY_MS })).serverCertificatePem;
}

/** As an installer puts a file in the place of another. */
function replace(from: string): void {
  copyFileSync(from, join(data, 'keys', 'hub.crt.other'));
  renameSync(join(data, 'keys', 'hub.crt.other'), join(data, 'keys', 'hub.crt'));
}

test('a certificate that was replaced counts from the next look on, and is told once', async () => {
  const next = await another();
  expect(next).not.toBe(keeper.current.serverCertificatePem);
  replace(join(parent, 'copy', 'keys', 'hub.crt'));
  look();
  await expect.poll(() => keeper.current.serverCertificatePem).toBe(next);
  look();
  await expect.poll(() => changes.length).toBe(1);
  expect(keeper.problem).toBeUndefined();
});

test('one that somebody else issued, or for another key, does not count, and says why', async () => {
  const before = keeper.current.serverCertificatePem;
  await init(join(parent, 'other'));
  replace(join(parent, 'other', 'keys', 'hub.crt'));
  look();
  await expect.poll(() => keeper.problem?.code).toBe('CERT_MISMATCH');
  for (const name of ['hub.key', 'hub.crt']) {
    rmSync(join(data, 'keys', name));
    copyFileSync(join(parent, 'other', 'keys', name), join(data, 'keys', name));
  }
  look();
  await expect.poll(() => keeper.problem?.message).toContain('somebody else issued it');
  expect([keeper.current.serverCertificatePem, changes]).toEqual([before, []]);
});

test('the hub renews its own while it runs, 30 days before its end', async () => {
  const before = keeper.current.serverCertificatePem;
  nowMs += 300 * DAY_MS;
  look();
  nowMs += 40 * DAY_MS;
  await expect
    .poll(() => {
      look();
      return changes.length;
    })
    .toBe(1);
  expect(keeper.current.serverCertificatePem).not.toBe(before);
  expect(readFileSync(join(data, 'keys', 'hub.crt'), 'utf8')).toBe(keeper.current.serverCertificatePem);
});
