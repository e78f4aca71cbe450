import { LABELS, MooringError, Severity } from '@mooring/proto';
import { newName } from '../plan/kept-name.ts';
import type { ApplyParts } from './apply-parts.ts';
import type { JournalEntry } from './ports.ts';
import { restore, settleNames } from './replace.ts';

/**
 * Finishes or undoes what an apply that was cut off had begun: a new container that runs stays, otherwise the old one is back; a container that was
 * created and never written down is taken on record. Returns the stacks whose apply was cut off: what is missing from them is no drift.
 */
export async function recover(parts: ApplyParts): Promise<ReadonlySet<string>> {
  const cutOff = new Set<string>();
  for (const entry of parts.journal.unfinished()) {
    if (entry.kind === 'apply') cutOff.add(entry.stack);
    if (entry.kind === 'create-container') await recoverCreation(parts, entry);
    if (entry.kind === 'replace-container') await recoverReplacement(parts, entry);
    parts.journal.finish(entry.id);
    if (entry.kind === 'apply') continue;
    parts.tell({
      kind: 'apply.recovered',
      severity: Severity.SEVERITY_WARNING,
      stack: entry.stack,
      service: entry.service,
      object: entry.name,
      message: `${entry.kind} of ${entry.name} that was cut off (${entry.stage}) is finished or undone`,
    });
  }
  return cutOff;
}

async function recoverCreation(parts: ApplyParts, entry: JournalEntry): Promise<void> {
  const [stray] = await strays(parts, entry, entry.name);
  if (stray === undefined) return;
  const specDigest = stray.labels[LABELS.spec] ?? '';
  parts.record.remember({ kind: 'container', id: stray.id, stack: entry.stack, key: entry.service, specDigest });
}

async function recoverReplacement(parts: ApplyParts, entry: JournalEntry): Promise<void> {
  const { engine, record } = parts;
  // Created right before the crash and never written down: it stands under its passing name.
  const [stray] = entry.newId === '' ? await strays(parts, entry, newName(entry.name, entry.oldId)) : [];
  const newId = entry.newId === '' ? (stray?.id ?? '') : entry.newId;
  const fresh = newId === '' ? undefined : await engine.inspectContainer(newId);
  if (fresh?.status !== 'running' || fresh.health === 'unhealthy') return await restore(parts, { ...entry, newId });
  await settleNames(parts, { ...entry, newId });
  await engine.removeContainer(entry.oldId);
  record.forget('container', entry.oldId);
}

/** Containers with our labels and that name that are not on record. Throws FOREIGN_OBJECT where somebody else's has the name. */
async function strays({ engine, record, fleetId }: ApplyParts, entry: JournalEntry, name: string) {
  const containers = await engine.listContainers();
  const named = containers.filter((container) => container.name === name && !record.has('container', container.id));
  const wanted = {
    [LABELS.fleet]: fleetId,
    [LABELS.stack]: entry.stack,
    [LABELS.service]: entry.service,
    [LABELS.replica]: String(entry.replica),
  };
  for (const { labels } of named) {
    if (Object.entries(wanted).every(([label, value]) => labels[label] === value)) continue;
    const message = `Cannot recover ${entry.name}: a foreign container took the name; it must be renamed`;
    throw new MooringError('FOREIGN_OBJECT', message);
  }
  return named;
}
