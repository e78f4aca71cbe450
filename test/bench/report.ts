import type { Spread } from './paired.ts';

/** What one bench found: a table for people, figures for programs. */
export interface Report {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
  readonly figures: unknown;
}

/** One bench of `npm run bench`. */
export interface Bench {
  readonly name: string;
  readonly run: (progress: (sentence: string) => void) => Promise<Report>;
}

/** A report as it is printed. */
export function formatReport({ title, head, rows, notes }: Report): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] ?? '').length)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...lines.map((line) => `  ${line}`), ...notes.map((note) => `  ${note}`), ''].join('\n');
}

/** "1.04 [0.94–1.05]". */
export function ratioText({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`;
}

/** "34 ms", "1.42 s". */
export function timeText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
