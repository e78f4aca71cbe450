/** What planning remembers between looks; written by the reconciler, never by the plan. */
export interface PlanMemory {
  /** The bundle of each stack that was applied whole: what is missing from it later is drift. */
  readonly applied: ReadonlyMap<string, string>;
  /** Unix milliseconds before which the stack is not tried again with this bundle; 0: now. */
  notBeforeMs(stack: string, bundle: string): number;
  /** Unix milliseconds before which the container is not started again; 0: now. */
  startNotBeforeMs(name: string, specDigest: string): number;
  /** Whether a change of that container while it ran did not take: it is made anew instead. */
  isIneffective(container: string): boolean;
  /** Unix milliseconds since when a difference is known. */
  since(key: string, nowMs: number): number;
}
