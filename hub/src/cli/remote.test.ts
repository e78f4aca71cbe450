import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningHub, startRunningHub } from '../grpc/running-hub.fake.ts';

// As it is built: the gate builds first.
const MAIN = resolve(import.meta.dirname, '..', '..', 'bin', 'mooring.js');
// One command after the other on a busy machine; each takes half a second by itself.
const DEADLINE_MS = 120_000;
let hub: RunningHub;
let folder: string;

beforeAll(async () => {
  hub = await startRunningHub();
  folder = mkdtempSync(join(tmpdir(), 'mooring-cli-remote-'));
}, DEADLINE_MS);

afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the real program against a hub's real socket, with no terminal. */
function mooring(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data) => {
    output.stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    output.stderr += String(data);
  });
  return new Promise((done) => child.once('close', (code) => done({ code, ...output })));
}

const local = (...args: string[]) => mooring('--hub', `unix:${hub.socketPath}`, ...args);

describe("a user's context", () => {
  test('is made for their eyes only, works from elsewhere, keeps to the role, and ends with the identity', {
    timeout: DEADLINE_MS,
  }, async () => {
    const added = await local('user', 'add', 'alice', '--role', 'viewer', '--out', 'alice.json', '-o', 'json');
    expect(added).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(added.stdout)).toMatchObject({ name: 'alice', role: 'viewer', file: join(folder, 'alice.json') });
    expect(statSync(join(folder, 'alice.json')).mode & 0o777).toBe(0o600);

    const [table, json, yaml] = await Promise.all(
      ['table', 'json', 'yaml'].map((format) => local('user', 'list', '-o', format)),
    );
    expect(table?.stdout).toMatch(/^USER +ROLE +EXPIRES +STATE\nalice +viewer +\d{4}-\d\d-\d\d +active\n$/);
    const users = JSON.parse(json?.stdout ?? '');
    expect(users.users).toMatchObject([{ name: 'alice', role: 'viewer', revoked: false }]);
    expect(load(yaml?.stdout ?? '')).toEqual(users);

    const alice = (...args: string[]) => mooring('--context', 'alice.json', '--hub', hub.address, ...args);
    expect(await alice('version')).toMatchObject({ code: 0 });
    const denied = await alice('user', 'list');
    expect(denied).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/^PERMISSION_DENIED: .*alice has role viewer/),
    });

    expect(await local('revoke', 'alice', '--user', '-y', '-o', 'json')).toMatchObject({ code: 0 });
    expect(await alice('drift')).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringMatching(/^USER_REVOKED: /),
    });
  });
});

describe('an invitation', () => {
  test('is one line on stdout, or JSON, and what to do with it on stderr', { timeout: DEADLINE_MS }, async () => {
    const [line, json] = await Promise.all([
      local('invite', 'web-1', '--label', 'role=web', '--label', 'region=eu', '--ttl', '5m'),
      local('invite', 'web-2', '-o', 'json'),
    ]);
    expect(line?.stdout).toMatch(/^mooring-join-1\.\S+\n$/);
    expect(line?.stderr).toBe('On web-1, as root, within 5m: mooring-agent join STRING\n');
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({
      host: 'web-2',
      join: expect.stringMatching(/^mooring-join-1\./),
      expiresAtMs: expect.any(Number),
    });
  });
});

describe('a host that is not known', () => {
  test('cannot leave: 1, and one line that says so', { timeout: DEADLINE_MS }, async () => {
    const gone = await local('leave', 'nobody', '-y');
    expect(gone).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^HOST_UNKNOWN: Cannot find host nobody/),
    });
  });
});
