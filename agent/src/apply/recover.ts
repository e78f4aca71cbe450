import { LABELS, MooringError, Severity } from '@mooring/proto';
import type { ApplyParts } from './apply-parts.ts';
import type { JournalEntry } from './ports.ts';
import { restore } from './replace.ts';

/** Finishes or undoes what an apply that was cut off had begun: a new container that runs stays, otherwise the old one is back. */
export async function recover(parts: ApplyParts): Promise<void> {
  for (const entry of parts.journal.unfinished()) {
    await recoverEntry(parts, entry);
    parts.journal.finish(entry.id);
    parts.tell({
      kind: 'apply.recovered',
      severity: Severity.SEVERITY_WARNING,
      stack: entry.stack,
      service: entry.service,
      object: entry.name,
      message: `a replacement of ${entry.name} that was cut off (${entry.stage}) is finished or undone`,
    });
  }
}

async function recoverEntry(parts: ApplyParts, entry: JournalEntry): Promise<void> {
  const { engine, record } = parts;
  const newId = entry.newId === '' ? await strayId(parts, entry) : entry.newId;
  const fresh = newId === '' ? undefined : await engine.inspectContainer(newId);
  if (fresh?.status === 'running' && fresh.health !== 'unhealthy') {
    await engine.removeContainer(entry.oldId);
    record.forget('container', entry.oldId);
    return;
  }
  await restore(parts, { ...entry, newId });
}

/** A container that was created right before the crash and never written down: it has the final name, and is not the old one. */
async function strayId({ engine, record }: ApplyParts, entry: JournalEntry): Promise<string> {
  const containers = await engine.listContainers();
  const stray = containers.find(({ id, name }) => name === entry.name && id !== entry.oldId);
  if (stray === undefined) return '';
  const old = containers.find(({ id }) => id === entry.oldId);
  const ours = old !== undefined && SAME.every((label) => stray.labels[label] === old.labels[label]);
  if (!ours)
    throw new MooringError(
      'FOREIGN_OBJECT',
      `Cannot recover ${entry.name}: a foreign container took the name; it must be renamed`,
    );
  record.remember({
    kind: 'container',
    id: stray.id,
    stack: entry.stack,
    key: entry.service,
    specDigest: stray.labels[LABELS.spec] ?? '',
  });
  return stray.id;
}

const SAME = [LABELS.fleet, LABELS.stack, LABELS.service, LABELS.replica] as const;
