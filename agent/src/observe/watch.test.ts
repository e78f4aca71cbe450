import { expect, test } from 'vitest';
import { mayShow } from './watch.ts';

const change = (action: string) => ({ container: 'a', action });

test.each([
  ['nobody knows what happened', [], true],
  ['a container ended', [change('kill 9'), change('die')], true],
  ['a container was only sent a signal', [change('kill 9')], false],
  ['a container was removed', [change('destroy')], true],
])('when %s, looking is worth it or not', (_, changes, worth) => {
  expect(mayShow(changes)).toBe(worth);
});
