import type { PlannedStep } from '@mooring/proto';
import type { EventDraft } from './apply/ports.ts';
import type { EngineHolder } from './engine-holder.ts';
import type { Keep } from './keep/open-keep.ts';
import type { Change, Engine } from './observe/engine.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';
import { reconcilerParts } from './reconciler-parts.ts';
import type { Answers } from './report/answers.ts';
import type { Timers } from './timers.ts';

/** What passes rely on. */
export interface PassParts {
  readonly engine: EngineHolder;
  readonly fleetId: string;
  readonly keep: Keep;
  /** Puts back what a stack mounts and is no longer as it was signed. */
  readonly restoreContents: (stack: string) => Promise<void>;
  readonly nowMs: () => number;
  readonly timers: Timers;
}

/** Reconciles with whatever engine there is now, and answers from it; its memory lives as long as the engine's connection. */
export class Passes implements Answers {
  readonly #parts: PassParts;
  #reconciler: { readonly for: unknown; readonly reconciler: Reconciler } | undefined;

  constructor(parts: PassParts) {
    this.#parts = parts;
  }

  /** What happened on the engine. */
  note(changes: readonly Change[]): void {
    this.#reconciler?.reconciler.note(changes);
  }

  reconcile(...[desired, options]: Parameters<Reconciler['reconcile']>): ReturnType<Reconciler['reconcile']> {
    return this.#parts.engine.use((engine) => this.#of(engine).reconcile(desired, options));
  }

  plan(wanted: Parameters<Answers['plan']>[0]): Promise<readonly PlannedStep[]> {
    return this.#parts.engine.use((engine) => this.#of(engine).answers.plan(wanted));
  }

  explain(stack: string, service: string): Promise<string> {
    return this.#parts.engine.use((engine) => this.#of(engine).answers.explain(stack, service));
  }

  #of(engine: Engine): Reconciler {
    const { fleetId, keep, restoreContents, nowMs: now, timers } = this.#parts;
    if (this.#reconciler?.for !== engine) {
      const tell = (event: EventDraft) => keep.outbox.tell(event, now());
      const parts = reconcilerParts(keep, { engine, fleetId, tell, restoreContents, now, timers });
      this.#reconciler = { for: engine, reconciler: createReconciler(parts) };
    }
    return this.#reconciler.reconciler;
  }
}
