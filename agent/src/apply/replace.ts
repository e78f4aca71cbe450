import { MooringError } from '@mooring/proto';
import type { DesiredStack } from '../plan/desired.ts';
import { keptName, newName } from '../plan/kept-name.ts';
import type { ReplaceStep } from '../plan/namespace-groups.ts';
import { endedForGood } from '../plan/one-shot.ts';
import type { ApplyParts } from './apply-parts.ts';
import { PROVEN, settleNames } from './exchange.ts';
import { failpoint } from './failpoint.ts';
import { untilHealthy } from './healthy.ts';
import { inspectAtWork } from './inspect.ts';
import { makeContainer } from './make-container.ts';
import type { JournalEntry } from './ports.ts';
import { startContainer, stopContainer } from './stop-and-start.ts';

/** One container on its way to be replaced: what the journal says of it, and since when neither of the two runs. */
export class Replacement {
  readonly step: ReplaceStep;
  /** Unix milliseconds when the old one was stopped; 0: it was not. */
  stoppedAtMs = 0;
  #entry: JournalEntry;
  readonly #parts: ApplyParts;

  /** It is in the journal from now on. `group` names the container whose namespaces it shares, or its own; empty: it stands alone. */
  constructor(parts: ApplyParts, step: ReplaceStep, group: string) {
    this.step = step;
    this.#parts = parts;
    const entry = entryOf(step, group);
    this.#entry = { ...entry, id: parts.journal.begin(entry) };
  }

  get entry(): JournalEntry {
    return this.#entry;
  }

  /**
   * The safe order: the new one is created under a passing name, the old one is stopped, the new one started, both get their names, and the new one
   * is proven healthy. Where they overlap, the old one is stopped and loses its name only after that. The old one stays until the caller decides.
   * Throws what failed.
   */
  async perform(desired: DesiredStack, signal: AbortSignal): Promise<void> {
    const parts = this.#parts;
    const { name, old } = this.step;
    failpoint('replace.begun');
    const newId = await makeContainer(parts, desired, { step: this.step, old, name: newName(name, old.id) });
    this.#note({ stage: 'created', newId });
    failpoint('replace.created');
    if (this.step.overlaps) return await this.#overlap(newId, signal);
    await this.#stopOld();
    await this.#startNew(newId);
    // Nothing but stopping and starting happens while neither runs; the names follow.
    await this.#settleNames(signal);
    await proveHealthy(parts, newId, signal);
    failpoint('replace.healthy');
  }

  /** Cancelled before the new one is proven: it goes, and nobody was without the old one. */
  async #overlap(newId: string, signal: AbortSignal): Promise<void> {
    const { engine, now, timers } = this.#parts;
    await this.#startNew(newId);
    await untilHealthy(engine, newId, { signal, now, timers });
    this.#note({ stage: PROVEN });
    failpoint('replace.healthy');
    await this.#stopOld();
    await this.#settleNames(signal);
  }

  async #stopOld(): Promise<void> {
    const { now } = this.#parts;
    this.stoppedAtMs = now();
    await stopContainer(this.#parts, this.step.old.id, this.step.service);
    failpoint('replace.stopped');
  }

  async #startNew(newId: string): Promise<void> {
    await startContainer(this.#parts, newId, this.step.service);
    this.#note({ stage: 'started' });
    failpoint('replace.started');
  }

  async #settleNames(signal: AbortSignal): Promise<void> {
    const { engine, timers } = this.#parts;
    const renameContainer = engine.renameContainer.bind(engine);
    const inspectContainer = (id: string) => inspectAtWork(engine, id, { timers, signal });
    await settleNames({ inspectContainer, renameContainer }, this.#entry);
  }

  #note(progress: Partial<JournalEntry>): void {
    this.#entry = { ...this.#entry, ...progress };
    this.#parts.journal.update(this.#entry.id, this.#entry);
  }
}

function entryOf(
  { service, replica, name, stack, old, overlaps }: ReplaceStep,
  group: string,
): Omit<JournalEntry, 'id'> {
  return {
    kind: 'replace-container',
    stage: 'begun',
    stack,
    service: service.name,
    replica,
    name,
    group,
    oldName: old.name,
    oldId: old.id,
    startsOld: !endedForGood(old),
    overlaps,
    keptName: keptName(name, old.id),
    newId: '',
  };
}

// Cancelled while the new one is already running: the newer assignment decides about it, and nothing is gained by going back first.
async function proveHealthy({ engine, now, timers }: ApplyParts, newId: string, signal: AbortSignal): Promise<void> {
  try {
    await untilHealthy(engine, newId, { signal, now, timers });
  } catch (error) {
    if (!(error instanceof MooringError && error.code === 'APPLY_CANCELLED')) throw error;
  }
}
