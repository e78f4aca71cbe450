import { type Drift, driftActionToJSON, driftKindToJSON, type UnknownHost } from '@mooring/proto';
import { formatAge } from '../ages.ts';
import { escapeControls, formatTable } from '../table.ts';
import { wordOf } from '../words.ts';

/** Everything that `mooring drift` says, over all pages. */
export interface DriftListing {
  readonly drift: readonly Drift[];
  readonly unknownHosts: readonly UnknownHost[];
  readonly cleanHosts: number;
  readonly total: number;
}

/** `mooring drift`: one row for each difference; hosts that nobody can speak for are named, never counted as clean. */
export function driftText(listing: DriftListing, nowMs: number): string {
  const rows = listing.drift.map((drift) => [
    `${drift.host}/${drift.stack}${drift.service === '' ? '' : `/${drift.service}`}`,
    wordOf(driftKindToJSON(drift.kind)),
    drift.field === '' ? drift.name : drift.field,
    `${drift.desired || '-'} → ${drift.observed || '-'}`,
    formatAge(Math.max(0, nowMs - Number(drift.sinceMs))),
    `${wordOf(driftActionToJSON(drift.action))} ${drift.reason}`.trim(),
  ]);
  const table =
    rows.length === 0 ? '' : formatTable(['WHERE', 'KIND', 'WHAT', 'DESIRED → OBSERVED', 'SINCE', 'ACTION'], rows);
  return [table, summary(listing), ...listing.unknownHosts.map(unknownLine)].filter((line) => line !== '').join('\n');
}

function summary(listing: DriftListing): string {
  const hosts = listing.cleanHosts === 1 ? '1 host is' : `${listing.cleanHosts} hosts are`;
  return listing.total === 0
    ? `No drift: ${hosts} as Git says.`
    : `${listing.total} ${listing.total === 1 ? 'difference' : 'differences'}; ${hosts} as Git says.`;
}

function unknownLine(host: UnknownHost): string {
  return `Unknown: ${escapeControls(host.name)}, last seen ${formatAge(Number(host.lastSeenAgeMs))} ago.`.replace(
    'never ago',
    'never',
  );
}
