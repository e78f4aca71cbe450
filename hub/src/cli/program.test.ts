import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// As it is built: the gate builds first.
const MAIN = resolve(import.meta.dirname, '..', '..', 'bin', 'mooring.js');
// Many of them run side by side on a busy machine; each takes a third of a second by itself.
const DEADLINE_MS = 60_000;
let folder: string;
let silent: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-cli-'));
  mkdirSync(join(folder, 'fleet', 'stacks', 'shop'), { recursive: true });
  writeFileSync(
    join(folder, 'fleet', 'fleet.yaml'),
    'version: 1\nhosts: { web-1: {} }\nstacks: { shop: { hosts: [web-1] } }\n',
  );
  writeFileSync(
    join(folder, 'fleet', 'stacks', 'shop', 'compose.yaml'),
    'services: { app: { image: "local/web:1" } }\n',
  );
  mkdirSync(join(folder, 'bad'));
  writeFileSync(join(folder, 'bad', 'fleet.yaml'), 'version: 1\nstackss: {}\n');
  writeFileSync(join(folder, 'broken.json'), '{');
  silent = createServer((socket) => socket.resume()).listen(join(folder, 'silent.sock'));
  await new Promise<void>((listening) => silent.once('listening', () => listening()));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await new Promise<void>((closed) => silent.close(() => closed()));
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real program with no terminal and no hub. */
function mooring(...args: string[]): Promise<Ended> {
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

describe('a command line that cannot be meant', { timeout: DEADLINE_MS }, () => {
  test.concurrent.each([
    [['sttus'], "unknown command 'sttus'", 'Did you mean status?'],
    [['status', '--exitcode'], "unknown option '--exitcode'", 'Did you mean --exit-code?'],
    [['host'], "missing required argument 'host'", '--help'],
    [['hosts', 'extra'], 'too many arguments', '--help'],
    [['wait', '--timeout', '-1'], "'--timeout <duration>' argument '-1' is invalid", '30s, 5m or 1h'],
    [['wait', '--timeout', 'abc'], "'--timeout <duration>' argument 'abc' is invalid", '30s, 5m or 1h'],
    [['wait', '--timeout', '1s', '--timeout', '2s'], "'--timeout <duration>' cannot be used", 'given twice'],
    [['drift', '--stack', ''], "'--stack <stack>' cannot be used", 'its value is empty'],
    [['status', '-o', 'json', '-o', 'yaml'], "'-o, --output <format>' cannot be used", 'given twice'],
    [['status', '-o', 'xml'], "argument 'xml' is invalid", 'table, json, yaml'],
    [['user', 'add', 'alice', '--role', 'boss'], "argument 'boss' is invalid", 'viewer, operator, admin'],
    [['revoke', 'web-1'], 'USAGE: Cannot ask for consent: there is no terminal', 'Repeat the command with -y.'],
    [['leave', 'web-1'], 'USAGE: Cannot ask for consent: there is no terminal', 'Repeat the command with -y.'],
  ])('%j ends with 2, says what is wrong and what is wanted', async (args, wrong, wanted) => {
    const { code, stdout, stderr } = await mooring(...args);
    expect(stderr).toContain(wrong);
    expect(stderr).toContain(wanted);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('without a hub', { timeout: DEADLINE_MS }, () => {
  const unix = () => `unix:${join(folder, 'none.sock')}`;

  test.concurrent.each([
    ['status'],
    ['hosts'],
    ['host', 'web-1'],
    ['stacks'],
    ['drift'],
    ['history'],
    ['events', '-f'],
    ['bundle', '0123456789ab'],
    ['wait'],
    ['sync'],
    ['doctor'],
    ['invite', 'web-1'],
    ['user', 'list'],
    ['revoke', 'web-1', '-y'],
    ['leave', 'web-1', '-y'],
  ])('%s ends with 4 and one line that says why', async (...args) => {
    const { code, stdout, stderr } = await mooring('--hub', unix(), ...args, '-o', 'json');
    const lines = stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toBe(
      `HUB_UNREACHABLE: Cannot reach hub ${join(folder, 'none.sock')}: nothing is there (ENOENT); a hub that answers there is wanted. Start it with \`mooring hub\`, or name another with --hub or --context.`,
    );
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  });

  test.concurrent('a hub that takes no connection counts as gone', async () => {
    const { code, stderr } = await mooring('--hub', `unix:${join(folder, 'silent.sock')}`, 'status');
    expect(stderr).toMatch(/^HUB_UNREACHABLE: .* takes no connection within 4\.5 s/);
    expect(code).toBe(4);
  });

  test.concurrent('version says its own, in every format', async () => {
    const [table, json, yaml] = await Promise.all(
      ['table', 'json', 'yaml'].map((format) => mooring('--hub', unix(), 'version', '-o', format)),
    );
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/^mooring \d+\.\d+\.\d+\n$/) });
    expect(Object.keys(JSON.parse(json?.stdout ?? ''))).toEqual(['version']);
    expect(yaml).toMatchObject({ code: 0, stdout: expect.stringMatching(/^---\nversion: \d+\.\d+\.\d+\n$/) });
  });

  test.concurrent('validate and render work, and end with 1 when a folder does not render', async () => {
    const [good, bad, rendered] = await Promise.all([
      mooring('validate', 'fleet'),
      mooring('validate', 'bad', '-o', 'json'),
      mooring('render', 'fleet', '-o', 'json'),
    ]);
    expect(good).toEqual({ code: 0, stdout: 'It renders.\n', stderr: '' });
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ ok: false, problems: [{ file: 'fleet.yaml', line: 2 }] });
    expect(rendered.code).toBe(0);
    expect(JSON.parse(rendered.stdout)).toMatchObject({ hosts: [{ host: 'web-1', stacks: [{ stack: 'shop' }] }] });
  });

  test.concurrent('render prints what Compose files mean by themselves, value for value, or says where they mean nothing', async () => {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return name;
    };
    const one = file('one.yaml', 'services: { app: { image: "local/web:1", shm_size: 64m } }\n');
    const two = file('two.yaml', 'services: { app: { environment: { PRICE: "5$$" } } }\n');
    const [printed, refused] = await Promise.all([
      mooring('render', one, two, '-o', 'json'),
      mooring('render', file('wrong.yaml', 'services: { app: { imago: x } }\n')),
    ]);
    expect(JSON.parse(printed.stdout)).toMatchObject({
      services: { app: { image: 'local/web:1', shm_size: '67108864', environment: { PRICE: '5$$' }, command: null } },
    });
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('COMPOSE_UNKNOWN_KEY wrong.yaml:1:20') });
  });

  test.concurrent('a context that cannot be used is refused with the file and how to mend it', async () => {
    writeFileSync(join(folder, 'open.json'), JSON.stringify({ address: 'a:1', ca: '', certificate: '', key: '' }));
    chmodSync(join(folder, 'open.json'), 0o644);
    const [none, broken, open] = await Promise.all(
      ['none.json', 'broken.json', 'open.json'].map((file) => mooring('--context', file, 'status')),
    );
    expect(none).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`there is no context at ${folder}/none.json`),
    });
    expect(broken).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`Cannot read context ${folder}/broken.json`),
    });
    expect(open).toMatchObject({ code: 1, stderr: expect.stringContaining(`Run: chmod 600 ${folder}/open.json`) });
  });
});

describe('a folder that cannot be used', { timeout: DEADLINE_MS }, () => {
  test.concurrent('is named, with what to do about it', async () => {
    // A file system that nobody can write to, root included.
    const { code, stderr } = await mooring('init', '--data', '/sys/mooring/fleet', '--port', '0');
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^CONFIG_PERMISSIONS: Cannot use \/sys\/mooring: .* \(E(PERM|ACCES|ROFS)\); .* Run it as root, or name a folder of your own with --data\.$/,
    );
    expect(code).toBe(1);
  });
});

describe('the budget of a hub', { timeout: DEADLINE_MS }, () => {
  /** What the kernel says that a command runs as, when it has come that far. */
  async function commandLine(args: readonly string[], there: (line: string) => boolean): Promise<string> {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: 'ignore', timeout: DEADLINE_MS });
    const read = () => readFileSync(`/proc/${child.pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    try {
      await vi.waitUntil(() => there(read()), { timeout: DEADLINE_MS });
      return read();
    } finally {
      child.kill('SIGKILL');
    }
  }

  test.concurrent('is taken by the command, wherever it stands', async () => {
    // Reading what it followed last, the hub waits for somebody who writes there.
    const data = join(folder, 'waiting');
    mkdirSync(data);
    execFileSync('bash', ['-c', 'mkfifo "$0"', join(data, 'source.json')]);
    const args = ['-o', 'json', 'hub', '--data', data];
    const line = await commandLine(args, (now) => now.includes('--max-semi-space-size'));
    expect(line).toContain('--v8-pool-size=1');
    expect(line).toContain(`${MAIN} ${args.join(' ')}`);
  });

  test.concurrent('is not for a command that only has the word in it', async () => {
    const socket = join(folder, 'asked.sock');
    let asked = false;
    const server = createServer(() => {
      asked = true;
    }).listen(socket);
    const line = await commandLine(['--hub', `unix:${socket}`, 'host', 'hub'], () => asked);
    server.close();
    expect(line).toContain(`${MAIN} --hub unix:${socket} host hub`);
    expect(line).not.toContain('--max-semi-space-size');
  });
});

describe('a reader that goes away', { timeout: DEADLINE_MS }, () => {
  test.concurrent.each(['--help', 'render fleet -o yaml'])('ends `mooring %s` without a word', async (args) => {
    const child = spawn('bash', ['-c', `set -o pipefail; "$0" "$1" ${args} | true`, process.execPath, MAIN], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
    });
    let stderr = '';
    child.stderr.on('data', (data) => {
      stderr += String(data);
    });
    const code = await new Promise((done) => child.once('close', done));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});
