const DAY_MS = 24 * 60 * 60 * 1000;

/** Milliseconds that an event is kept: a month of history for people; longer ones belong in a log system. */
export const EVENT_RETENTION_MS = 30 * DAY_MS;
/** Events that are kept at most: about 500 MB. */
export const EVENT_RETENTION_ROWS = 1_000_000;
/** Revisions that are kept: years of commits. */
export const REVISION_RETENTION_ROWS = 10_000;
/** Issued generations that are kept of one host, to tell which revision one satisfied. */
export const GENERATION_RETENTION_ROWS = 1_000;
/** Generations of which one has its host's old ones removed: counting a thousand takes longer than storing one. They are times, so that chance decides. */
export const GENERATION_PRUNE_EVERY = 64;
/** Outboxes that are remembered of one host: a new one is born only when a host loses its disk. */
export const OUTBOX_RETENTION_ROWS = 16;
/** Milliseconds that a used or expired invitation is kept, so that it is refused by its true reason. */
export const INVITATION_RETENTION_MS = 30 * DAY_MS;
/** Milliseconds that an ended key of a host is remembered: longer than any certificate for it is valid. */
export const ENDED_KEY_RETENTION_MS = 100 * DAY_MS;
/** Commits that hosts told of and are kept: what a fleet ran when its hub was lost. */
export const TOLD_REVISION_ROWS = 1_000;
/** Rows that one pruning step removes at most: a commit of this size takes a few milliseconds. */
export const PRUNE_BATCH_ROWS = 1_000;
/** Milliseconds from the start to the first pruning: whoever opens a database for a moment pays nothing for it. */
export const FIRST_PRUNE_MS = 3_000;
/** Milliseconds between prunings while the disk is full: whoever made room sees it soon. */
export const PROBLEM_PRUNE_MS = 5_000;
/** Milliseconds between prunings while nothing is left over. */
export const PRUNE_INTERVAL_MS = 60_000;
