import { LABELS, MooringError } from '@mooring/proto';
import type { Observed, OwnContainer } from '../observe/observed.ts';
import type { ApplyParts } from './apply-parts.ts';
import { type JournalEntry, NO_CONTAINER } from './ports.ts';

/**
 * A creation that was cut off may still be under way: an engine goes on with what its client does not live to hear. Its container is awaited under
 * the name that the journal tells, and is ours when it comes; without that it would be a stranger that has our name, for ever.
 */
const AWAITED = 'awaited';

/** Failures that say nothing about what was asked: it may have been done, or come about yet. */
const SILENCE: ReadonlySet<string> = new Set(['ENGINE_UNREACHABLE', 'ENGINE_UNRESPONSIVE', 'CONTAINER_UNKNOWN']);

/** True for a failure of the engine to answer. */
export function isSilence(error: unknown): boolean {
  return error instanceof MooringError && SILENCE.has(error.code);
}

/** True for an entry that nothing came of while an earlier process waited for it. */
export function isAwaited({ kind, stage }: JournalEntry): boolean {
  return kind === 'create-container' && stage === AWAITED;
}

/** Waits for a container of that replica under that name. */
export function awaitContainer(
  { journal }: Pick<ApplyParts, 'journal'>,
  { stack, service, replica }: Pick<JournalEntry, 'stack' | 'service' | 'replica'>,
  name: string,
): void {
  journal.begin({ ...NO_CONTAINER, kind: 'create-container', stage: AWAITED, stack, service, replica, name });
}

/** Takes the awaited containers that have come on record, and returns their names. */
export function takeAwaited(
  { journal, record }: Pick<ApplyParts, 'journal' | 'record'>,
  { strangers }: Pick<Observed, 'strangers'>,
): readonly string[] {
  return journal
    .unfinished()
    .filter(isAwaited)
    .flatMap((entry) => {
      const come = strangers.find((stranger) => isOf(entry, stranger));
      if (come === undefined) return [];
      const specDigest = come.labels[LABELS.spec] ?? '';
      record.remember({ kind: 'container', id: come.id, stack: entry.stack, key: entry.service, specDigest });
      journal.finish(entry.id);
      return [come.name];
    });
}

/** As long as an engine may take for a creation: what was asked for comes within that time, or never. */
const LATE_MS = 60_000;

/** Until when each entry is awaited, by its id, in Unix milliseconds. */
export type Awaiting = Map<number, number>;

/** Ends the wait for what should have come by now. */
export function awaitNoLonger({ journal }: Pick<ApplyParts, 'journal'>, awaiting: Awaiting, nowMs: number): void {
  for (const { id } of journal.unfinished().filter(isAwaited)) {
    const untilMs = awaiting.get(id) ?? nowMs + LATE_MS;
    if (nowMs <= untilMs) awaiting.set(id, untilMs);
    else if (awaiting.delete(id)) journal.finish(id);
  }
}

/** Never started: whoever runs such a container is somebody else. */
function isOf({ name, stack, service, replica }: JournalEntry, stranger: OwnContainer): boolean {
  const isSame = stranger.name === name && stranger.stack === stack && stranger.service === service;
  return isSame && stranger.replica === replica && stranger.status === 'created';
}
