import { MooringError } from '@mooring/proto';
import type { Engine } from '../observe/engine.ts';
import type { ApplyParts } from './apply-parts.ts';
import { isSilence } from './awaited.ts';
import { failpoint } from './failpoint.ts';
import type { JournalEntry } from './ports.ts';
import { startContainer, stopContainer } from './stop-and-start.ts';

/** Every container of the group was proven healthy: from here on it is finished, never undone. */
export const PROVEN = 'proven';

/** Whether the new containers of a group that was cut off are to stay. Where the old one still runs, only one that was seen healthy is. */
export async function areProven({ engine }: ApplyParts, entries: readonly JournalEntry[]): Promise<boolean> {
  if (entries.some(({ stage }) => stage === PROVEN)) return true;
  if (entries.some(({ overlaps }) => overlaps)) return false;
  const fresh = await Promise.all(
    entries.map(({ newId }) => (newId === '' ? undefined : engine.inspectContainer(newId))),
  );
  return fresh.every((one) => one?.status === 'running' && one.health !== 'unhealthy');
}

/** The old container stands under its kept name, the new one under the final one. What is so already is left. */
export async function settleNames(
  engine: Pick<Engine, 'inspectContainer' | 'renameContainer'>,
  entry: Pick<JournalEntry, 'name' | 'keptName' | 'oldId' | 'newId'>,
): Promise<void> {
  const [old, fresh] = await Promise.all([engine.inspectContainer(entry.oldId), engine.inspectContainer(entry.newId)]);
  if (old?.name === entry.name) await engine.renameContainer(entry.oldId, entry.keptName);
  failpoint('replace.renamed');
  if (fresh !== undefined && fresh.name !== entry.name) await engine.renameContainer(entry.newId, entry.name);
  failpoint('replace.named');
}

/** The new containers stay: the old ones go, whoever shares namespaces before the one whose they are. */
export async function keepNew(parts: ApplyParts, entries: readonly JournalEntry[]): Promise<void> {
  const { engine, record, journal } = parts;
  const [owner] = entries;
  if (owner !== undefined && entries.length > 1) {
    journal.update(owner.id, { ...owner, stage: PROVEN });
    failpoint('group.proven');
  }
  for (const entry of entries.toReversed()) {
    // It may be at work yet where the agent died right after the proof: its requests are not cut off.
    if (entry.overlaps) await stopContainer(parts, entry.oldId);
    await engine.removeContainer(entry.oldId);
    record.forget('container', entry.oldId);
    failpoint(entry === owner ? 'replace.removed' : 'group.freed');
    journal.finish(entry.id);
  }
}

/**
 * The new containers go, and the old ones are back under their names and at work: first the one whose namespaces the others share, since they name
 * it by its id. What the engine refuses is returned: nothing else would come of trying again. Throws where the engine does not answer.
 */
export async function bringBack(
  parts: ApplyParts,
  entries: readonly JournalEntry[],
): Promise<ReadonlyMap<JournalEntry, MooringError>> {
  const refused = new Map<JournalEntry, MooringError>();
  for (const entry of entries.toReversed()) {
    const error = await refusalOf(() => withdraw(parts, entry));
    if (error !== undefined) refused.set(entry, error);
  }
  const [owner] = entries;
  for (const entry of entries) {
    const ownerStartedAtMs = owner === undefined || entry === owner ? 0 : await startedAtMs(parts, owner.oldId);
    const error = await refusalOf(() => putBack(parts, entry, ownerStartedAtMs));
    if (error !== undefined) refused.set(entry, error);
    parts.journal.finish(entry.id);
  }
  return refused;
}

async function withdraw({ engine, record }: ApplyParts, { newId }: JournalEntry): Promise<void> {
  if (newId === '') return;
  await engine.removeContainer(newId);
  record.forget('container', newId);
}

async function startedAtMs({ engine }: ApplyParts, id: string): Promise<number> {
  return (await engine.inspectContainer(id))?.startedAtMs ?? 0;
}

/** Whoever was started before the one whose namespaces it shares was shares nothing with it any more. */
async function putBack(parts: ApplyParts, entry: JournalEntry, ownerStartedAtMs: number): Promise<void> {
  const { engine } = parts;
  const old = await engine.inspectContainer(entry.oldId);
  if (old === undefined) return;
  if (old.name !== entry.oldName) await engine.renameContainer(entry.oldId, entry.oldName);
  if (!entry.startsOld) return;
  if (old.status === 'exited' || old.status === 'created') await startContainer(parts, entry.oldId);
  else if (old.status === 'running' && old.startedAtMs < ownerStartedAtMs) await engine.restartContainer(entry.oldId);
}

async function refusalOf(act: () => Promise<void>): Promise<MooringError | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof MooringError && !isSilence(error)) return error;
    throw error;
  }
}

/** The state of a stack whose old container could not be put back: why, and what had gone wrong before, if anything is known of it. */
export function restoreRefused({ oldName }: JournalEntry, refusal: MooringError, failure?: unknown): MooringError {
  const before = failure instanceof Error ? ` after a change that failed (${failure.message})` : '';
  return new MooringError(
    'RESTORE_REFUSED',
    `Cannot put container ${oldName} back${before}: ${refusal.message}; the engine's consent is wanted`,
    { cause: refusal, hint: refusal.hint ?? 'Mend what the engine names; the next pass goes on from what is there.' },
  );
}
