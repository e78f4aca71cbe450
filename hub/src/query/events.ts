import {
  type ListEventsRequest,
  type ListEventsResponse,
  MooringError,
  type WatchEventsRequest,
  type WatchEventsResponse,
} from '@mooring/proto';
import { numberPosition, pageSize, pageToken } from './paging.ts';
import type { QueryParts } from './parts.ts';

/** Events that are read at once for a watcher: its memory here, however slow it reads. */
const READ_AHEAD = 256;

/** Events, newest first. */
export function listEvents({ store }: QueryParts, request: ListEventsRequest): ListEventsResponse {
  const { host, stack, severity } = request;
  const limit = pageSize(request.pageSize);
  const below = numberPosition('events', request.pageToken);
  const events = store.events({
    host: host || undefined,
    stack: stack || undefined,
    severity,
    limit,
    belowCursor: below === undefined ? undefined : BigInt(below),
  });
  const last = events.at(-1);
  return {
    events: [...events],
    nextPageToken: last === undefined || events.length < limit ? '' : pageToken('events', String(last.cursor)),
  };
}

/**
 * Events as they come, oldest first. Each is read from the store behind the cursor of the one before, so none is lost or told twice, and a
 * slow reader costs nothing but time.
 */
export async function* watchEvents(
  { store, changes }: QueryParts,
  { afterCursor, host, stack }: WatchEventsRequest,
  signal: AbortSignal,
): AsyncGenerator<WatchEventsResponse, void, undefined> {
  const newest = store.newestCursor();
  if (afterCursor > newest) {
    const message = `Cannot watch events after cursor ${afterCursor}: the newest is ${newest}; a cursor of this hub is wanted`;
    throw new MooringError('INVALID_ARGUMENT', message, { hint: 'The hub was rebuilt: begin again without a cursor.' });
  }
  let cursor = afterCursor === 0n ? newest : afterCursor;
  for (;;) {
    const { version } = changes;
    const events = store.events({
      host: host || undefined,
      stack: stack || undefined,
      aboveCursor: cursor,
      limit: READ_AHEAD,
    });
    for (const event of events) {
      cursor = event.cursor;
      yield { event };
    }
    if (signal.aborted) return;
    if (events.length < READ_AHEAD && !(await changes.after(version, signal))) return;
  }
}
