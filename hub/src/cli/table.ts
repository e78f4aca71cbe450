import Table from 'cli-table3';

/** What may stand in a cell; control characters are shown, never sent to the terminal. */
export type Cell = string | number;

/** Widest line that fits every terminal. */
export const LINE_WIDTH = 80;

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
  middle: '  ',
};

/** Columns under upper-case heads, two spaces apart, without borders. The last column takes what is left of the line and is cut there. */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => escapeControls(String(cell))));
  const table = new Table({
    chars: NO_BORDERS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  const last = head.length - 1;
  const used = head.slice(0, last).reduce((sum, _, column) => sum + widthOf(cells, column) + 2, 0);
  const room = Math.max(LINE_WIDTH - used, 12);
  table.push(...cells.map((row) => row.map((cell, column) => (column === last ? cut(cell, room) : cell))));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function widthOf(cells: readonly (readonly string[])[], column: number): number {
  return Math.max(...cells.map((row) => (row[column] ?? '').length));
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
