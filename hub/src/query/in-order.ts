/** Works on each item, at most `limit` at a time, and yields what came of it in the order of the items. */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  // Settled, so that the failure of one that nobody waits for yet is told in its turn.
  const running: Promise<PromiseSettledResult<Result>>[] = [];
  const waiting = items.values();
  for (;;) {
    while (running.length < limit) {
      const { done, value } = waiting.next();
      if (done === true) break;
      running.push(Promise.allSettled([work(value)]).then(([settled]) => settled));
    }
    const first = await running.shift();
    if (first === undefined) return;
    if (first.status === 'rejected') throw first.reason;
    yield first.value;
  }
}
