import { expect, test } from 'vitest';
import { Turnstile } from './turnstile.ts';

/** Work that goes on until it is let go. */
function works() {
  const begun: string[] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (item: string) => {
    begun.push(item);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    ends.set(item, { resolve, reject });
    return promise;
  };
  return {
    begun,
    work,
    end: (item: string) => ends.get(item)?.resolve(),
    fail: (item: string) => ends.get(item)?.reject(new Error(item)),
  };
}

test('as much work as may runs at the same time, whoever brings it, in the order in which it came', async () => {
  const turnstile = new Turnstile(2);
  const { begun, work, end } = works();
  const first = turnstile.each(['a', 'b', 'c'], work);
  const second = turnstile.each(['d'], work);
  expect(begun).toEqual(['a', 'b']);
  end('b');
  await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
  end('a');
  await expect.poll(() => begun).toEqual(['a', 'b', 'c', 'd']);
  for (const item of ['c', 'd']) end(item);
  await Promise.all([first, second]);
});

test('work that fails lets the next in, and is told once all have ended', async () => {
  const turnstile = new Turnstile(2);
  const { begun, work, end, fail } = works();
  const all = turnstile.each(['a', 'b', 'c'], work);
  fail('a');
  await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
  for (const item of ['b', 'c']) end(item);
  await expect(all).rejects.toThrow('a');
});

test('nothing more begins after as much work has failed as may run at the same time, and others are not concerned', async () => {
  const turnstile = new Turnstile(2);
  const { begun, work, end, fail } = works();
  const all = turnstile.each(['a', 'b', 'c', 'd'], work);
  const others = turnstile.each(['e'], work);
  for (const item of ['a', 'b']) fail(item);
  await expect(all).rejects.toThrow('a');
  await expect.poll(() => begun).toEqual(['a', 'b', 'e']);
  end('e');
  await others;
});

test('nothing to do is done at once', async () => {
  const { work } = works();
  await expect(new Turnstile(1).each([], work)).resolves.toBeUndefined();
});
