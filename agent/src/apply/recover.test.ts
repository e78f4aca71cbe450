import { LABELS } from '@mooring/proto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openDatabase } from '../keep/database.ts';
import { DiskHealth } from '../keep/disk-health.ts';
import { KeptJournal } from '../keep/journal.ts';
import { KeptRecord } from '../keep/own-record.ts';
import { FakeEngine } from '../observe/engine.fake.ts';
import type { ApplyParts } from './apply-parts.ts';
import { recover } from './recover.ts';

/** Longer than anybody waits for one answer. */
const PATIENCE_MS = 6_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** An engine on which two replacements were cut off right after the new container was created. */
async function cutOff() {
  const engine = new FakeEngine();
  engine.addImage('app:1', { Cmd: ['serve'] });
  const { database } = openDatabase(':memory:');
  const health = new DiskHealth({ nowMs: Date.now, probe: () => {} });
  const journal = new KeptJournal(database, health);
  const record = new KeptRecord(database, health);
  for (const stack of ['blog', 'shop']) {
    const [name, service] = [`${stack}-app-1`, 'app'];
    const labels = { [LABELS.fleet]: 'f', [LABELS.stack]: stack, [LABELS.service]: service, [LABELS.replica]: '1' };
    const [oldId, newId] = [
      await engine.createContainer(name, { Image: 'app:1', Labels: labels }),
      await engine.createContainer(`${name}-new-aaaaaaaaaaaa`, { Image: 'app:1', Labels: labels }),
    ];
    const entry = {
      stack,
      service,
      replica: 1,
      name,
      oldName: name,
      oldId,
      keptName: `${name}-kept-aaaaaaaaaaaa`,
      group: '',
      startsOld: true,
      overlaps: false,
    };
    journal.begin({ ...entry, kind: 'apply', stage: 'begun', newId: '' });
    journal.begin({ ...entry, kind: 'replace-container', stage: 'created', newId });
  }
  const parts = { engine, journal, record, fleetId: 'f', tell: () => {} };
  // What else applying takes, recovering asks for nothing.
  return { engine, journal, parts: parts as unknown as ApplyParts };
}

test('a change whose container is unknown is left for later, and every other one is finished or undone', async () => {
  const { engine, journal, parts } = await cutOff();
  engine.silence('shop-app-1-new-aaaaaaaaaaaa');
  const recovering = recover(parts);
  await vi.advanceTimersByTimeAsync(PATIENCE_MS);
  expect(await recovering).toEqual({
    cutOff: new Set(['blog', 'shop']),
    refused: new Map(),
    postponed: new Set(['shop']),
  });
  expect(journal.unfinished().map(({ kind, stack }) => `${kind} ${stack}`)).toEqual([
    'apply shop',
    'replace-container shop',
  ]);
  expect(engine.changed.slice(4)).toEqual([
    'destroy container blog-app-1-new-aaaaaaaaaaaa',
    'start container blog-app-1',
  ]);

  engine.answer('shop-app-1-new-aaaaaaaaaaaa');
  await vi.advanceTimersByTimeAsync(0);
  expect((await recover(parts)).postponed).toEqual(new Set());
  expect(journal.unfinished()).toEqual([]);
  expect(engine.changed.slice(6)).toEqual([
    'destroy container shop-app-1-new-aaaaaaaaaaaa',
    'start container shop-app-1',
  ]);
});
