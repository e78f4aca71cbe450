import {
  type HealthState,
  healthStateToJSON,
  type Problem,
  type RenderProblem,
  type Revision,
  type Sum,
  type SyncState,
  syncStateToJSON,
} from '@mooring/proto';
import { escapeControls } from '../table.ts';
import { wordOf } from '../words.ts';

/** `Synced`, `OutOfDate` … */
export function syncWord(state: SyncState): string {
  return wordOf(syncStateToJSON(state));
}

/** `Healthy`, `Degraded` … */
export function healthWord(state: HealthState): string {
  return wordOf(healthStateToJSON(state));
}

/** `2/3`. */
export function ratio(part: number, whole: number): string {
  return `${part}/${whole}`;
}

/** Sums as `Synced 3/3  Healthy 3/3`. */
export function sumCells(sum: Sum | undefined): readonly [string, string, string] {
  if (sum === undefined || sum.total === 0) return ['-', '-', '0/0'];
  return [syncWord(sum.sync), healthWord(sum.health), ratio(sum.synced, sum.total)];
}

/** The first 12 digits of a commit and its subject. */
export function revisionLine(revision: Revision): string {
  return `${revision.commit.slice(0, 12)}  ${revision.subject}`;
}

/** `CODE file:line:column field`, the message, the hint: a line each. What a repository says cannot begin a line of its own. */
export function renderProblemLines(problem: RenderProblem): string {
  const position = [problem.file, problem.line || undefined, problem.column || undefined]
    .filter((part) => part !== undefined && part !== '')
    .join(':');
  const where = [position, problem.field].filter((part) => part !== '').join(' ');
  const whose = problem.host === '' ? '' : ` [host ${problem.host}]`;
  const head = `  ${problem.code}${where === '' ? '' : ` ${where}`}${whose}`;
  const lines = [head, `    ${problem.message}`, ...(problem.hint === '' ? [] : [`    ${problem.hint}`])];
  return lines.map(escapeControls).join('\n');
}

/** `CODE: message. hint`. */
export function problemLine(problem: Problem): string {
  return [`${problem.code}: ${problem.message}`, problem.hint].filter((part) => part !== '').join(' ');
}
