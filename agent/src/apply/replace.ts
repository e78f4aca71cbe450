import { MooringError, Severity } from '@mooring/proto';
import type { DesiredStack } from '../plan/desired.ts';
import { keptName } from '../plan/kept-name.ts';
import type { ContainerStep } from '../plan/step.ts';
import type { ApplyParts } from './apply-parts.ts';
import { failpoint } from './failpoint.ts';
import { untilHealthy } from './healthy.ts';
import { makeContainer } from './make-container.ts';
import type { JournalEntry } from './ports.ts';

type ReplaceStep = Extract<ContainerStep, { kind: 'replace-container' }>;

/**
 * Replaces a container in the safe order: the old one is stopped, renamed and kept; the new one is created, started and watched until it is
 * healthy; then the old one goes. On failure the old one is back under its name and running, and the error says why.
 */
export async function replaceContainer(
  parts: ApplyParts,
  desired: DesiredStack,
  wish: { step: ReplaceStep; signal: AbortSignal },
): Promise<void> {
  const { engine, journal, now } = parts;
  const { step, signal } = wish;
  const { old, name } = step;
  const kept = keptName(name, old.id);
  const entry: Omit<JournalEntry, 'id'> = {
    kind: 'replace-container',
    stage: 'begun',
    stack: desired.stack,
    service: step.service.name,
    replica: step.replica,
    name,
    oldId: old.id,
    keptName: kept,
    newId: '',
  };
  const id = journal.begin(entry);
  failpoint('replace.begun');
  const stoppedAtMs = now();
  let newId = '';
  try {
    await engine.stopContainer(old.id);
    failpoint('replace.stopped');
    await engine.renameContainer(old.id, kept);
    journal.update(id, { ...entry, stage: 'renamed' });
    failpoint('replace.renamed');
    newId = await makeContainer(parts, desired, { step, old });
    journal.update(id, { ...entry, stage: 'created', newId });
    failpoint('replace.created');
    await engine.startContainer(newId);
    journal.update(id, { ...entry, stage: 'started', newId });
    failpoint('replace.started');
    await proveHealthy(parts, newId, signal);
  } catch (error) {
    await restore(parts, { ...entry, newId });
    journal.finish(id);
    tellRestored(parts, step, { stack: desired.stack, error, downMs: now() - stoppedAtMs });
    throw error;
  }
  failpoint('replace.healthy');
  await engine.removeContainer(old.id);
  parts.record.forget('container', old.id);
  failpoint('replace.removed');
  journal.finish(id);
}

// Cancelled while the new one is already running: the newer assignment decides about it, and nothing is gained by going back first.
async function proveHealthy({ engine, now }: ApplyParts, newId: string, signal: AbortSignal): Promise<void> {
  try {
    await untilHealthy(engine, newId, { signal, now });
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'APPLY_CANCELLED')) throw error;
  }
}

/** Removes the new container, if there is one, and puts the old one back under its name and to work. */
export async function restore({ engine, record }: ApplyParts, entry: Omit<JournalEntry, 'id'>): Promise<void> {
  const { oldId, newId, name } = entry;
  if (newId !== '') {
    await engine.removeContainer(newId);
    record.forget('container', newId);
  }
  const old = await engine.inspectContainer(oldId);
  if (old === undefined) return;
  if (old.name !== name) await engine.renameContainer(oldId, name);
  if (old.status !== 'running') await engine.startContainer(oldId);
}

function tellRestored(
  { tell }: ApplyParts,
  { service, name }: ReplaceStep,
  what: { stack: string; error: unknown; downMs: number },
): void {
  const code = what.error instanceof MooringError ? what.error.code : 'ENGINE_ERROR';
  const reason = what.error instanceof Error ? what.error.message : String(what.error);
  tell({
    kind: 'container.restored',
    severity: Severity.SEVERITY_ERROR,
    stack: what.stack,
    service: service.name,
    object: name,
    code,
    message: `the old container ${name} is back after ${(what.downMs / 1000).toFixed(1)} s without it: ${reason}`,
  });
}
