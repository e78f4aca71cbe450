/** Items asked for at a time: the most that the hub gives. */
export const PAGE_SIZE = 1000;

/** Reads all pages of a list. */
export async function allPages<T>(
  read: (pageToken: string) => Promise<{ items: readonly T[]; next: string }>,
): Promise<T[]> {
  const all: T[] = [];
  let token = '';
  do {
    const { items, next } = await read(token);
    all.push(...items);
    token = next;
  } while (token !== '');
  return all;
}
