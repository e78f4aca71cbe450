import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostState, StackState, SyncState } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { systemError } from './keep/disk.fake.ts';
import { type Disk, REAL_DISK } from './keep/disk.ts';
import { temporaryFolder } from './keep/temporary-folder.fake.ts';
import { readStatus, statusOf, writeStatus } from './status-file.ts';

const link = { connected: true, sinceMs: 5, reason: '' };
const about = { host: 'web-1', fleetId: 'f', key: 'c0ffee', version: '0.1.0', writtenAtMs: 9, hub: link, broker: link };
const problem = (code: string) => ({ code, message: 'Cannot', hint: '', sinceMs: 1n });
const refused = (code: string) => expect.objectContaining({ code });

describe('the status', () => {
  test('of a host about which nothing is known yet is empty', () => {
    expect(statusOf(undefined, about)).toEqual({
      ...about,
      acceptedGeneration: '0',
      appliedGeneration: '0',
      problem: '',
      stacks: [],
    });
  });

  test('shows generations, stacks, and what is wrong with the host before what it refused', () => {
    const host = HostState.fromPartial({
      acceptedGeneration: 7n,
      appliedGeneration: 6n,
      refusal: problem('BUNDLE_PATH'),
    });
    const stack = StackState.fromPartial({ stack: 'shop', sync: SyncState.SYNC_STATE_SYNCED });
    const status = statusOf({ host, stacks: [stack] }, about);
    expect(status).toMatchObject({ acceptedGeneration: '7', appliedGeneration: '6', problem: 'BUNDLE_PATH: Cannot' });
    expect(status.stacks).toEqual([StackState.toJSON(stack)]);
    const both = statusOf({ host: { ...host, problem: problem('DISK_FULL') }, stacks: [] }, about);
    expect(both.problem).toBe('DISK_FULL: Cannot');
  });

  test('is read as it was written last, and by nobody else', () => {
    const data = temporaryFolder();
    for (const writtenAtMs of [9, 10]) writeStatus(data, statusOf(undefined, { ...about, writtenAtMs }));
    expect(readStatus(data).writtenAtMs).toBe(10);
    expect(readdirSync(join(data, 'run'))).toEqual(['status.json']);
    expect(statSync(join(data, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'run', 'status.json')).mode & 0o777).toBe(0o600);
  });

  test('of a folder where no agent ran is not found', () => {
    expect(() => readStatus(temporaryFolder())).toThrow(refused('NOT_FOUND'));
  });

  test('that a full disk does not take says so, and the one before stays', () => {
    const data = temporaryFolder();
    writeStatus(data, statusOf(undefined, about));
    const full = (): never => {
      throw systemError('ENOSPC');
    };
    const disk: Disk = { ...REAL_DISK, write: full };
    expect(() => writeStatus(data, statusOf(undefined, { ...about, writtenAtMs: 10 }), disk)).toThrow(
      refused('DISK_FULL'),
    );
    expect(readStatus(data).writtenAtMs).toBe(9);
  });

  test('that cannot be put in its place says so', () => {
    const data = temporaryFolder();
    mkdirSync(join(data, 'run', 'status.json'), { recursive: true });
    expect(() => writeStatus(data, statusOf(undefined, about))).toThrow(refused('INTERNAL'));
  });
});
