import { expect, test } from 'vitest';
import { KnownLabels } from './known-labels.ts';
import { TemporaryDatabase } from './temporary-database.fake.ts';

test('labels that a hub told are there after a restart, and those of no hub are unknown', () => {
  const { database, health } = new TemporaryDatabase();
  const labels = new KnownLabels(database, health);
  expect(labels.labels).toBeUndefined();
  labels.keep([{ name: 'role', value: 'web' }]);
  labels.keep([]);
  expect(new KnownLabels(database, health).labels).toEqual([]);
  labels.keep([{ name: 'role', value: 'db' }]);
  expect(new KnownLabels(database, health).labels).toEqual([{ name: 'role', value: 'db' }]);
});
