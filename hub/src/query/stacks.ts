import { type ListStacksRequest, type ListStacksResponse, StackSummary } from '@mooring/proto';
import { summarizeStack } from '../drift/stack-summary.ts';
import { fitting, pagePosition, pageSize, pageToken } from './paging.ts';
import type { Snapshot } from './snapshots.ts';

/** Stacks by name, each with its state on every host, without services and differences. */
export function listStacks(snapshot: Snapshot, request: ListStacksRequest): ListStacksResponse {
  const size = pageSize(request.pageSize);
  const after = pagePosition('stacks', request.pageToken) ?? '';
  const left = snapshot.stacks.filter(({ name }) => name > after);
  const stacks = fitting(
    left.slice(0, size),
    (spread) => summarizeStack(spread),
    (summary) => StackSummary.encode(summary).finish().byteLength,
  );
  const last = stacks.at(-1)?.name;
  return {
    stacks,
    nextPageToken: last === undefined || stacks.length === left.length ? '' : pageToken('stacks', last),
  };
}
