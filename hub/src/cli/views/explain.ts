import { escapeControls } from '../table.ts';

/** `mooring explain`: the verdict, then everything that it rests on. */
export function explainText(target: string, explanation: unknown): string {
  const lines = JSON.stringify(explanation, undefined, 2).split('\n');
  return [`${target}: ${verdictOf(explanation)}`, ...lines].map((line) => escapeControls(line)).join('\n');
}

function verdictOf(explanation: unknown): string {
  const isNamed = typeof explanation === 'object' && explanation !== null && 'verdict' in explanation;
  return isNamed ? String(explanation.verdict) : 'no verdict';
}
