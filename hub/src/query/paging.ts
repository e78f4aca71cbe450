import { MooringError } from '@mooring/proto';

/** Entries of a page that asks for no number. */
const DEFAULT_PAGE_SIZE = 100;
/** Entries of one page at most: what fits a message of 4 MiB with room to spare. */
const MAX_PAGE_SIZE = 1000;

/** Bytes of the entries of one page: below the 4 MiB of a message, with room for the rest. */
const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** What one message holds of the entries, at least one; each is made only when its turn comes. */
export function fitting<Entry, Made>(
  entries: readonly Entry[],
  make: (entry: Entry) => Made,
  bytesOf: (made: Made) => number,
): Made[] {
  const page: Made[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const made = make(entry);
    bytes += bytesOf(made);
    if (bytes > MAX_PAGE_BYTES && page.length > 0) break;
    page.push(made);
  }
  return page;
}

/** How many entries are asked for. Throws INVALID_ARGUMENT above 1000. */
export function pageSize(asked: number): number {
  if (asked > MAX_PAGE_SIZE) {
    throw new MooringError(
      'INVALID_ARGUMENT',
      `Cannot list ${asked} entries: a page has at most ${MAX_PAGE_SIZE}; fewer are wanted`,
      {
        hint: 'Ask for the next page with the token of the one before.',
      },
    );
  }
  return asked === 0 ? DEFAULT_PAGE_SIZE : asked;
}

/** The token of the page that goes on behind `position` in the list of that name. */
export function pageToken(list: string, position: string): string {
  return Buffer.from(`${list}:${position}`).toString('base64url');
}

/** The position that a token names; undefined: from the start. Throws INVALID_ARGUMENT for a token of another list or none at all. */
export function pagePosition(list: string, token: string): string | undefined {
  if (token === '') return undefined;
  const [of, ...position] = Buffer.from(token, 'base64url').toString().split(':');
  if (of !== list) throw badToken();
  return position.join(':');
}

/** The same, for positions that are numbers. */
export function numberPosition(list: string, token: string): number | undefined {
  const position = pagePosition(list, token);
  if (position === undefined) return undefined;
  const number = /^\d{1,15}$/.test(position) ? Number(position) : Number.NaN;
  if (Number.isNaN(number)) throw badToken();
  return number;
}

function badToken(): MooringError {
  return new MooringError(
    'INVALID_ARGUMENT',
    'Cannot go on with the list: the page token is not of it; one that a page gave is wanted',
    {
      hint: 'Begin again without a token.',
    },
  );
}
