import { type Drift, DriftKind, driftActionToJSON, driftKindToJSON, type UnknownHost } from '@mooring/proto';
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
    placeOf(drift),
    isKnown(drift.kind) ? wordOf(driftKindToJSON(drift.kind)) : 'unknown',
    drift.field === '' ? drift.name : drift.field,
    `${drift.desired || '-'} → ${drift.observed || '-'}`,
    formatAge(Math.max(0, nowMs - Number(drift.sinceMs))),
    `${isKnown(drift.action) ? wordOf(driftActionToJSON(drift.action)) : 'unknown:'} ${drift.reason}`.trim(),
  ]);
  const table =
    rows.length === 0 ? '' : formatTable(['WHERE', 'KIND', 'WHAT', 'DESIRED → OBSERVED', 'SINCE', 'ACTION'], rows);
  const moved = listing.drift.filter(({ kind }) => kind === DriftKind.DRIFT_KIND_IMAGE_MOVED).map(movedLine);
  const unknown = listing.unknownHosts.map(unknownLine);
  return [table, summary(listing), ...moved, ...unknown].filter((line) => line !== '').join('\n');
}

/** What a hub is too old to know it hands on as unspecified; the reason says what it was. */
function isKnown(value: DriftKind | Drift['action']): boolean {
  return value !== 0;
}

function placeOf({ host, stack, service }: Drift): string {
  return `${host}/${stack}${service === '' ? '' : `/${service}`}`;
}

/** Digits by which people and `docker images` tell images apart: the table has no room for two. */
const IMAGE_DIGITS = 12;

function movedLine(drift: Drift): string {
  const [wanted, running] = [drift.desired, drift.observed].map((id) =>
    id.replace(/^sha256:/, '').slice(0, IMAGE_DIGITS),
  );
  return escapeControls(`Image moved: ${placeOf(drift)} runs ${running}, its tag names ${wanted}.`);
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
