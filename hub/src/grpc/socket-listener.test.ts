import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenSocket } from './socket-listener.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-socket-'));
  path = join(folder, 'hub.sock');
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('the Unix socket', () => {
  test('can be opened by its owner only, whatever the umask', async () => {
    const umask = process.umask(0);
    const listener = await listenSocket(path, () => undefined);
    process.umask(umask);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await listener.close();
  });

  test('replaces one that nobody answers on, and no other', async () => {
    const first = await listenSocket(path, (connection) => connection.destroy());
    await expect(listenSocket(path, () => undefined)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    await first.close();

    // A process that was killed leaves its socket behind: one that is bound, and that nobody listens on.
    const { execFileSync } = await import('node:child_process');
    const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', leave], { stdio: 'ignore' })).toThrow();
    expect(statSync(path).isSocket()).toBe(true);
    const second = await listenSocket(path, () => undefined);
    await second.close();

    writeFileSync(path, 'a file');
    await expect(listenSocket(path, () => undefined)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });

  test('is refused where its path is too long or its folder is missing', async () => {
    await expect(listenSocket(join(folder, 'x'.repeat(120)), () => undefined)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    });
    await expect(listenSocket(join(folder, 'none', 's'), () => undefined)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    });
  });
});
