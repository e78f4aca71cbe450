import { expect, test } from 'vitest';
import { FakeEngine } from '../observe/engine.fake.ts';
import { healthDeadlineMs } from './healthy.ts';

test.each([
  ['the usual where there is no healthcheck', undefined, 120],
  ['the usual where it allows itself less', { StartPeriod: 10e9, Interval: 5e9, Timeout: 1e9, Retries: 3 }, 120],
  ['its start period, and then its retries', { StartPeriod: 300e9, Interval: 5e9, Timeout: 1e9, Retries: 3 }, 318],
  ['a quarter of an hour whatever it allows itself', { StartPeriod: 3600e9 }, 900],
])('a container has to be healthy within %s', async (_, Healthcheck, seconds) => {
  const engine = new FakeEngine();
  engine.addImage('app:1', {});
  const id = await engine.createContainer('one', { Image: 'app:1', Healthcheck });
  const details = await engine.inspectContainer(id);
  if (details === undefined) throw new Error('the container is there');
  expect(healthDeadlineMs(details) / 1000).toBe(seconds);
});
