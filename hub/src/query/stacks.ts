import { type ListStacksRequest, type ListStacksResponse, StackSummary } from '@mooring/proto';
import { summarizeStack } from '../drift/stack-summary.ts';
import { pagePosition, pageSize, pageToken } from './paging.ts';
import type { Snapshot } from './snapshots.ts';

/** Bytes of one page: below the 4 MiB of a message; a page holds at least one stack. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;

/** Stacks by name, each with its state on every host, without services and differences. */
export function listStacks(snapshot: Snapshot, request: ListStacksRequest): ListStacksResponse {
  const size = pageSize(request.pageSize);
  const after = pagePosition('stacks', request.pageToken) ?? '';
  const left = snapshot.stacks.filter(({ name }) => name > after);
  const stacks: StackSummary[] = [];
  let bytes = 0;
  for (const spread of left.slice(0, size)) {
    const summary = summarizeStack(spread);
    bytes += StackSummary.encode(summary).finish().byteLength;
    if (bytes > MAX_PAGE_BYTES && stacks.length > 0) break;
    stacks.push(summary);
  }
  const last = stacks.at(-1)?.name;
  return {
    stacks,
    nextPageToken: last === undefined || stacks.length === left.length ? '' : pageToken('stacks', last),
  };
}
