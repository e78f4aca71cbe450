import { type DiffResponse, type FieldChange, StackChange } from '@mooring/proto';
import { escapeControls } from '../table.ts';
import { hostsText } from './groups.ts';
import { renderProblemLines } from './states.ts';

/** What stands behind the hosts; a stack that is modified shows its fields instead. */
const CHANGES: Readonly<Record<StackChange, string>> = {
  [StackChange.STACK_CHANGE_UNSPECIFIED]: '',
  [StackChange.STACK_CHANGE_ADDED]: ': new there',
  [StackChange.STACK_CHANGE_MODIFIED]: '',
  [StackChange.STACK_CHANGE_REMOVED]: ': no longer there',
  [StackChange.STACK_CHANGE_KEPT]: ': does not render there, and stays as it is',
};

/** `mooring diff`: stacks with the hosts that share a difference, and its fields. */
export function diffText(differences: readonly DiffResponse[]): string {
  if (differences.length === 0) return 'Both render to the same on every host.';
  return differences.map(differenceText).join('\n\n');
}

function differenceText({ stack, hosts, change, fields, problems }: DiffResponse): string {
  const head = `${escapeControls(stack)} on ${hostsText(hosts)}${CHANGES[change] ?? ''}`;
  const reasons = problems.flatMap((problem) => renderProblemLines(problem).split('\n')).map(escapeControls);
  return [head, ...fields.map(fieldLine), ...reasons].join('\n');
}

function fieldLine({ field, before, after }: FieldChange): string {
  return escapeControls(`  ${field}: ${before || '(not set)'} → ${after || '(not set)'}`);
}
