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
  const lost = event.lostBefore === 0n ? '' : ` (${event.lostBefore} events before it were lost)`;
  const severity = wordOf(severityToJSON(event.severity)).padEnd(8);
  return escapeControls(`${at}  ${severity}  ${where}  ${event.kind}${code}  ${event.message}${lost}`);
}
