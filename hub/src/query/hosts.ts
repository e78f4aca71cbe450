import {
  type GetHostResponse,
  HostSummary,
  type ListHostsRequest,
  type ListHostsResponse,
  MooringError,
  StackState,
} from '@mooring/proto';
import type { HostView } from '../drift/host-view.ts';
import { briefState, fullState } from '../drift/stack-summary.ts';
import { parseSelector, selects } from '../render/selector.ts';
import { fitting, pagePosition, pageSize, pageToken } from './paging.ts';
import type { QueryParts } from './parts.ts';
import type { Snapshot } from './snapshots.ts';
import { summarize } from './status.ts';

/** Bytes of stack states in one answer: below the 4 MiB of a message, with room for the rest. Beyond it states come without services. */
const MAX_STATE_BYTES = 3 * 1024 * 1024;

/** Hosts by name, of those that the selector selects. Throws FLEET_SELECTOR. */
export function listHosts(parts: QueryParts, snapshot: Snapshot, request: ListHostsRequest): ListHostsResponse {
  const size = pageSize(request.pageSize);
  const after = pagePosition('hosts', request.pageToken) ?? '';
  const selector = parseSelector(request.selector);
  const left = snapshot.hosts.filter(
    ({ facts }) => facts.host.name > after && selects(selector, facts.rendered?.labels ?? facts.host.labels),
  );
  const hosts = fitting(
    left.slice(0, size),
    (host) => summarize(parts, host),
    (summary) => HostSummary.encode(summary).finish().byteLength,
  );
  const last = hosts.at(-1)?.name;
  return { hosts, nextPageToken: last === undefined || hosts.length === left.length ? '' : pageToken('hosts', last) };
}

/** One host with its stacks, whole. Throws NOT_FOUND. */
export function getHost(parts: QueryParts, snapshot: Snapshot, name: string): GetHostResponse {
  const host = findHost(snapshot, name);
  const states = new Map(parts.store.stackStates({ host: name }).map(({ stack, state }) => [stack, state]));
  let bytes = 0;
  const stacks = host.stacks.map((view) => {
    const state = fullState(view, states.get(view.stack));
    bytes += StackState.encode(state).finish().byteLength;
    return bytes > MAX_STATE_BYTES ? { ...briefState(view), driftIncomplete: true } : state;
  });
  return { host: summarize(parts, host), stacks };
}

/** Throws NOT_FOUND for a host that did not join. */
export function findHost(snapshot: Snapshot, name: string): HostView {
  const host = snapshot.byName.get(name);
  if (host !== undefined) return host;
  throw noSuchHost(name);
}

/** Characters of a wrong name in a message. */
const MAX_SHOWN_NAME = 64;

/** NOT_FOUND for the name of a host that did not join. */
export function noSuchHost(name: string): MooringError {
  const shown = JSON.stringify(name.slice(0, MAX_SHOWN_NAME));
  const message = `Cannot find host ${shown}: none of that name has joined; a host of the fleet is wanted`;
  return new MooringError('NOT_FOUND', message, { hint: '`mooring hosts` lists the hosts.' });
}
