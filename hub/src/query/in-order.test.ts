import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inOrder } from './in-order.ts';

test('results come in the order of the items, at most so many at a time', async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = item; turn < 9; turn += 1) await setImmediate();
    running -= 1;
    return item * 10;
  };
  const results: number[] = [];
  for await (const result of inOrder([1, 2, 3, 4, 5, 6, 7], 3, work)) results.push(result);
  expect(results).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(most).toBe(3);
});

test('a failure is thrown in its turn, whoever fails before', async () => {
  const work = (item: string) => (item === 'slow' ? setImmediate(item) : Promise.reject(new Error(item)));
  const results = inOrder(['slow', 'bad'], 2, work);
  expect((await results.next()).value).toBe('slow');
  await expect(results.next()).rejects.toThrow('bad');
});
