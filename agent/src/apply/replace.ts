import { MooringError, Severity } from '@mooring/proto';
import type { DesiredStack } from '../plan/desired.ts';
import { keptName, newName } from '../plan/kept-name.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { failpoint } from './failpoint.ts';
import { untilHealthy } from './healthy.ts';
import { makeContainer } from './make-container.ts';
import type { JournalEntry } from './ports.ts';

type ReplaceStep = Extract<ContainerStep, { kind: 'replace-container' }>;

/**
 * Replaces a container in the safe order: the new one is created under a passing name, the old one is stopped, the new one started, both get their
 * names; when the new one is healthy the old one goes. On failure the old one is back under its name and running, and the error says why.
 */
export async function replaceContainer(
  parts: ApplyParts,
  desired: DesiredStack,
  wish: { step: ReplaceStep; signal: AbortSignal },
): Promise<void> {
  const { journal, now } = parts;
  const { step, signal } = wish;
  const entry = entryOf(step, desired.stack);
  const id = journal.begin(entry);
  failpoint('replace.begun');
  const times = { stoppedAtMs: 0 };
  const fresh = { id: '' };
  try {
    fresh.id = await makeContainer(parts, desired, { step, old: step.old, name: newName(step.name, step.old.id) });
    const started = { ...entry, stage: 'created', newId: fresh.id };
    journal.update(id, started);
    failpoint('replace.created');
    times.stoppedAtMs = now();
    await swap(parts, started, () => journal.update(id, { ...started, stage: 'started' }));
    await proveHealthy(parts, fresh.id, signal);
  } catch (error) {
    await restore(parts, { ...entry, newId: fresh.id });
    journal.finish(id);
    tellRestored(parts, step, {
      stack: desired.stack,
      error,
      downMs: times.stoppedAtMs === 0 ? 0 : now() - times.stoppedAtMs,
    });
    throw error;
  }
  failpoint('replace.healthy');
  await parts.engine.removeContainer(step.old.id);
  parts.record.forget('container', step.old.id);
  failpoint('replace.removed');
  journal.finish(id);
}

function entryOf({ service, replica, name, old }: ReplaceStep, stack: string): Omit<JournalEntry, 'id'> {
  const kept = keptName(name, old.id);
  return {
    kind: 'replace-container',
    stage: 'begun',
    stack,
    service: service.name,
    replica,
    name,
    oldName: old.name,
    oldId: old.id,
    keptName: kept,
    newId: '',
  };
}

/** Nothing but stopping and starting happens while neither runs; the names follow. */
async function swap({ engine }: ApplyParts, entry: Omit<JournalEntry, 'id'>, onStarted: () => void): Promise<void> {
  await engine.stopContainer(entry.oldId);
  failpoint('replace.stopped');
  await engine.startContainer(entry.newId);
  onStarted();
  failpoint('replace.started');
  await settleNames({ engine }, entry);
}

/** The old container stands under its kept name, the new one under the final one. What is so already is left. */
export async function settleNames(
  { engine }: Pick<ApplyParts, 'engine'>,
  entry: Omit<JournalEntry, 'id'>,
): Promise<void> {
  const [old, fresh] = await Promise.all([engine.inspectContainer(entry.oldId), engine.inspectContainer(entry.newId)]);
  if (old?.name === entry.name) await engine.renameContainer(entry.oldId, entry.keptName);
  failpoint('replace.renamed');
  if (fresh !== undefined && fresh.name !== entry.name) await engine.renameContainer(entry.newId, entry.name);
  failpoint('replace.named');
}

// Cancelled while the new one is already running: the newer assignment decides about it, and nothing is gained by going back first.
async function proveHealthy({ engine, now, timers }: ApplyParts, newId: string, signal: AbortSignal): Promise<void> {
  try {
    await untilHealthy(engine, newId, { signal, now, timers });
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'APPLY_CANCELLED')) throw error;
  }
}

/** Removes the new container, if there is one, and puts the old one back under its name and to work. */
export async function restore({ engine, record }: ApplyParts, entry: Omit<JournalEntry, 'id'>): Promise<void> {
  const { oldId, newId, oldName } = entry;
  if (newId !== '') {
    await engine.removeContainer(newId);
    record.forget('container', newId);
  }
  const old = await engine.inspectContainer(oldId);
  if (old === undefined) return;
  if (old.name !== oldName) await engine.renameContainer(oldId, oldName);
  if (old.status !== 'running') await engine.startContainer(oldId);
}

function tellRestored(
  { tell }: ApplyParts,
  { service, name }: ReplaceStep,
  what: { stack: string; error: unknown; downMs: number },
): void {
  const code = what.error instanceof MooringError ? what.error.code : 'ENGINE_ERROR';
  const reason = what.error instanceof Error ? what.error.message : String(what.error);
  const seconds = (what.downMs / 1000).toFixed(1);
  const message =
    what.downMs === 0
      ? `the old container ${name} was never stopped: ${reason}`
      : `the old container ${name} is back after ${seconds} s without it: ${reason}`;
  tell({
    kind: 'container.restored',
    severity: Severity.SEVERITY_ERROR,
    stack: what.stack,
    service: service.name,
    object: name,
    code,
    message,
  });
}
