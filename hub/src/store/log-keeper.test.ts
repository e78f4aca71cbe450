import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOG_ALARM_BYTES, logProblem } from './log-keeper.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-log-'));
  file = join(folder, 'hub.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a log that a reader keeps from ending is told once it is larger than any commit makes it', () => {
  expect(logProblem(file)).toBeUndefined();
  writeFileSync(`${file}-wal`, '');
  truncateSync(`${file}-wal`, LOG_ALARM_BYTES);
  expect(logProblem(file)).toBeUndefined();
  truncateSync(`${file}-wal`, LOG_ALARM_BYTES + 1);
  expect(logProblem(file)).toMatchObject({ code: 'DB_LOCKED', message: expect.stringContaining('its log has 32 MiB') });
});
