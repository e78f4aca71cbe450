import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// As it is built: the gate builds first.
const MAIN = resolve(import.meta.dirname, '..', '..', 'bin', 'mooring-agent.js');
// Many of them run side by side on a busy machine; each takes a third of a second by itself.
const DEADLINE_MS = 60_000;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-agent-cli-'));
  mkdirSync(join(folder, 'stopped', 'run'), { recursive: true });
  const link = { connected: false, sinceMs: 0, reason: 'HUB_UNREACHABLE: \u001b[31mred' };
  writeFileSync(
    join(folder, 'stopped', 'run', 'status.json'),
    JSON.stringify({
      host: 'web-1',
      fleetId: 'f',
      version: '0.1.0',
      writtenAtMs: 0,
      hub: link,
      broker: link,
      acceptedGeneration: '3',
      appliedGeneration: '2',
      problem: '',
      stacks: [{ stack: 'shop', sync: 'SYNC_STATE_OUT_OF_DATE', health: 'HEALTH_STATE_HEALTHY' }],
    }),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const agent = (...args: string[]): Promise<Ended> => agentIn('none', ...args);

/** Runs the real program with no terminal, no hub and no engine. */
function agentIn(data: string, ...args: string[]): Promise<Ended> {
  const flags = ['--data', join(folder, data), '--docker', join(folder, 'none.sock')];
  const child = spawn(process.execPath, [MAIN, ...flags, ...args], {
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

describe('a command line of the agent that cannot be meant', { timeout: DEADLINE_MS }, () => {
  test.concurrent.each([
    [['sttus'], "unknown command 'sttus'", 'Did you mean status?'],
    [['leave', '--keep-container'], "unknown option '--keep-container'", 'Did you mean --keep-containers?'],
    [['join'], "missing required argument 'string'", '--help'],
    [['run', '--audit', '1'], "argument '1' is invalid", '30s or 5m'],
    [['run', '--audit', '1s', '--audit', '2s'], "'--audit <duration>' cannot be used", 'given twice'],
    [['run', '--audit', ''], "'--audit <duration>'", 'wanted'],
    [['status', '-o', 'xml'], "argument 'xml' is invalid", 'table, json, yaml'],
  ])('%j ends with 2, says what is wrong and what is wanted', async (args, wrong, wanted) => {
    const { code, stdout, stderr } = await agent(...args);
    expect(stderr).toContain(wrong);
    expect(stderr).toContain(wanted);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('an agent that has joined no fleet', { timeout: DEADLINE_MS }, () => {
  test.concurrent.each([
    [['run'], 'NOT_JOINED: Cannot load identity', 'mooring-agent join STRING'],
    [['leave', '-y'], 'NOT_JOINED: Cannot load identity', 'mooring-agent join STRING'],
    [['status'], 'NOT_FOUND: Cannot show the status', 'Run: mooring-agent run'],
    [['join', 'nonsense'], 'JOIN_FORMAT: Cannot read join string', 'mooring invite HOST'],
  ])('%j ends with 1 and one line that says what to do', async (args, wrong, hint) => {
    const { code, stdout, stderr } = await agent(...args);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(wrong);
    expect(stderr).toContain(hint);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  test.concurrent('doctor names everything that is not there, and ends with 1', async () => {
    const { code, stdout, stderr } = await agent('doctor', '-o', 'json');
    const { ok, checks } = JSON.parse(stdout);
    expect(checks.map((check: { name: string; ok: boolean }) => `${check.name} ${check.ok}`)).toEqual([
      'identity false',
      'engine false',
      'disk true',
      'agent false',
    ]);
    expect({ code, ok, stderr }).toEqual({ code: 1, ok: false, stderr: '' });
  });
});

describe('the status of an agent that does not run', { timeout: DEADLINE_MS }, () => {
  test.concurrent('says so, in words, and shows control characters', async () => {
    const { code, stdout } = await agentIn('stopped', 'status');
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\d{6,} s/g, 'AGE')).toBe(
      [
        'Host        web-1',
        'Agent       0.1.0, not running, last seen AGE ago',
        'Hub         not connected for AGE: HUB_UNREACHABLE: \\u001b[31mred',
        'Broker      not connected for AGE: HUB_UNREACHABLE: \\u001b[31mred',
        'Generation  3 accepted, 2 applied',
        '',
        'shop                 OutOfDate  Healthy',
        '',
      ].join('\n'),
    );
  });

  test.concurrent.each(['json', 'yaml'])('is the same for programs in %s', async (format) => {
    const { code, stdout } = await agentIn('stopped', 'status', '-o', format);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      host: 'web-1',
      running: false,
      hub: { connected: false, reason: 'HUB_UNREACHABLE: \u001b[31mred' },
      stacks: [{ stack: 'shop', sync: 'OutOfDate', health: 'Healthy' }],
    });
  });
});
