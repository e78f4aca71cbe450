import Table from 'cli-table3';

/** What may stand in a cell; control characters are shown, never sent to the terminal. */
export type Cell = string | number;

/** Widest line that fits every terminal. */
export const LINE_WIDTH = 80;

const GAP = '  ';
// What the last column, the one with the most to say, gets at least.
const LEAST_LAST_WIDTH = 12;

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: GAP,
};

/**
 * Columns under upper-case heads, two spaces apart, without borders, never wider than a line. The last column is cut where the line ends; when
 * the others leave it no room, the widest of them are cut too. Who wants every character asks for JSON.
 */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => escapeControls(String(cell))));
  const widths = widthsOf(head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length))));
  const table = new Table({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...cells.map((row) => row.map((cell, column) => cut(cell, widths[column] ?? LINE_WIDTH))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Widths that fit a line: what the last column lacks is taken from the widest of the others, one character at a time. */
function widthsOf(natural: readonly number[]): readonly number[] {
  const last = natural.length - 1;
  const wanted = Math.min(natural[last] ?? 0, LEAST_LAST_WIDTH);
  const lead = natural.slice(0, last);
  const room = LINE_WIDTH - GAP.length * last;
  while (sumOf(lead) + wanted > room) {
    const widest = lead.indexOf(Math.max(...lead));
    lead[widest] = (lead[widest] ?? 0) - 1;
  }
  return [...lead, Math.min(natural[last] ?? 0, room - sumOf(lead))];
}

function sumOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

/** Remote text may hold escape sequences: what is not printable is shown as `\u001b`. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
