import type { Field } from './field.ts';

/** Characters that the services of one stack take from files, copies counted: a file must not be multiplied without end. */
const MAX_TEXT = 4 * 1024 * 1024;

/** Returns what counts towards one stack's budget. It throws RENDER_TOO_LARGE at the field that exceeds it. */
export function textBudget(): (field: Field, characters: number) => void {
  let spent = 0;
  return (field, characters) => {
    spent += characters;
    if (spent > MAX_TEXT)
      throw field.refusal(
        'RENDER_TOO_LARGE',
        `the services take more than ${MAX_TEXT} characters from files up to here; fewer are wanted`,
      );
  };
}
