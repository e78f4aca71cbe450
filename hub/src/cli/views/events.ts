import { type Event, severityToJSON } from '@mooring/proto';
import { escapeControls } from '../table.ts';
import { wordOf } from '../words.ts';

/** One event as one line: time, severity, where, what. */
export function eventLine(event: Event): string {
  const at = new Date(Number(event.storedAtMs === 0n ? event.atMs : event.storedAtMs)).toISOString();
  const where = [event.host === '' ? 'hub' : event.host, event.stack, event.service]
    .filter((part) => part !== '')
    .join('/');
  const code = event.code === '' ? '' : ` ${event.code}`;
  const lost = lostText(event.lostBefore);
  const severity = wordOf(severityToJSON(event.severity)).padEnd(8);
  return escapeControls(`${at}  ${severity}  ${where}  ${event.kind}${code}  ${event.message}${lost}`);
}

/** An outbox that was full let go of them: a gap is never silent. */
function lostText(count: bigint): string {
  if (count === 0n) return '';
  return count === 1n ? ' (1 event before it was lost)' : ` (${count} events before it were lost)`;
}
