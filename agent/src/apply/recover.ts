import { LABELS, MooringError, Severity } from '@mooring/proto';
import { newName } from '../plan/kept-name.ts';
import type { ApplyParts } from './apply-parts.ts';
import { awaitContainer, isAwaited } from './awaited.ts';
import { areProven, bringBack, keepNew, restoreRefused, settleNames } from './exchange.ts';
import type { JournalEntry } from './ports.ts';

/** What an apply that was cut off came to. */
export interface Recovered {
  /** Stacks whose apply was cut off: what is missing from them is no drift. */
  readonly cutOff: ReadonlySet<string>;
  /** Why something of a stack could be neither finished nor undone. */
  readonly refused: ReadonlyMap<string, MooringError>;
  /** Stacks of which a container is unknown: nothing of theirs is touched before what was begun is finished or undone. */
  readonly postponed: ReadonlySet<string>;
}

/**
 * Finishes or undoes what an apply that was cut off had begun: new containers that all run stay, otherwise the old ones are back; a container that
 * was created and never written down is taken on record. What the engine refuses is told once, and planning goes on from what is there. What
 * it cannot be asked about now is left for the next time. Throws where the engine does not answer: then it is tried again.
 */
export async function recover(parts: ApplyParts): Promise<Recovered> {
  const unfinished = parts.journal.unfinished();
  const cutOff = new Set(unfinished.filter(({ kind }) => kind === 'apply').map(({ stack }) => stack));
  const refused = new Map<string, MooringError>();
  const postponed = new Set<JournalEntry>();
  for (const entry of unfinished) {
    if (entry.kind !== 'create-container') continue;
    const isThere = await recoverCreation(parts, entry);
    parts.journal.finish(entry.id);
    if (!isThere) awaitContainer(parts, entry, entry.name);
  }
  const replacements = unfinished.filter(({ kind }) => kind === 'replace-container');
  const groups = Map.groupBy(replacements, (entry) => `${entry.stack} ${entry.group || entry.id}`);
  for (const entries of groups.values()) {
    try {
      for (const [{ stack }, error] of await recoverReplacements(parts, entries)) refused.set(stack, error);
    } catch (error) {
      if (!(error instanceof MooringError && error.code === 'CONTAINER_UNKNOWN')) throw error;
      for (const entry of entries) postponed.add(entry);
    }
  }
  const waiting = new Set([...postponed].map(({ stack }) => stack));
  for (const entry of unfinished) {
    if (entry.kind === 'apply' && !waiting.has(entry.stack)) parts.journal.finish(entry.id);
    if (entry.kind !== 'apply' && !postponed.has(entry) && !isAwaited(entry)) tellRecovered(parts, entry);
  }
  return { cutOff, refused, postponed: waiting };
}

/** Whether it was made. */
async function recoverCreation(parts: ApplyParts, entry: JournalEntry): Promise<boolean> {
  const stray = await findStray(parts, entry, entry.name);
  if (stray === undefined) return false;
  const specDigest = stray.labels[LABELS.spec] ?? '';
  parts.record.remember({ kind: 'container', id: stray.id, stack: entry.stack, key: entry.service, specDigest });
  return true;
}

async function recoverReplacements(
  parts: ApplyParts,
  entries: readonly JournalEntry[],
): Promise<ReadonlyMap<JournalEntry, MooringError>> {
  const known = await Promise.all(entries.map(async (entry) => ({ ...entry, newId: await newIdOf(parts, entry) })));
  if (!(await areProven(parts, known))) {
    const refusals = await bringBack(parts, known);
    for (const entry of known) if (entry.newId === '') awaitContainer(parts, entry, newName(entry.name, entry.oldId));
    return new Map([...refusals].map(([entry, refusal]) => [entry, restoreRefused(entry, refusal)]));
  }
  for (const entry of known) await settleNames(parts.engine, entry);
  await keepNew(parts, known);
  return new Map();
}

/** Created right before the crash and never written down: it stands under its passing name. */
async function newIdOf(parts: ApplyParts, entry: JournalEntry): Promise<string> {
  if (entry.newId !== '') return entry.newId;
  return (await findStray(parts, entry, newName(entry.name, entry.oldId)))?.id ?? '';
}

/** A container with our labels and that name that is not on record. */
async function findStray({ engine, record, fleetId }: ApplyParts, entry: JournalEntry, name: string) {
  const wanted = {
    [LABELS.fleet]: fleetId,
    [LABELS.stack]: entry.stack,
    [LABELS.service]: entry.service,
    [LABELS.replica]: String(entry.replica),
  };
  const containers = await engine.listContainers();
  return containers.find(
    (container) =>
      container.name === name &&
      !record.has('container', container.id) &&
      Object.entries(wanted).every(([label, value]) => container.labels[label] === value),
  );
}

function tellRecovered({ tell }: ApplyParts, { kind, stage, stack, service, name }: JournalEntry): void {
  tell({
    kind: 'apply.recovered',
    severity: Severity.SEVERITY_WARNING,
    stack,
    service,
    object: name,
    message: `${kind} of ${name} that was cut off (${stage}) is finished or undone`,
  });
}
