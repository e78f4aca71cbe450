import type { AbsentRow } from './row.ts';

/** Rows of the matrix that are not played here, each with the reason. */
export const ABSENT: readonly AbsentRow[] = [];
