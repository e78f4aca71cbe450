import type { InventoryHost, Moor, Outcome, Source, SyncResult } from '@mooring/hub/fakes';
import { MooringError } from '@mooring/proto';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import { rendering, type Tree } from './stacks.ts';

/** Milliseconds between polls. */
const POLL_MS = 5_000;

interface Commit {
  readonly name: string;
  readonly parent: string;
  readonly tree: Tree;
}

/** A repository: commits by name, and a head that people move. */
export class SimRepository {
  down = false;
  readonly #commits = new Map<string, Commit>();
  readonly #random: Random;
  #head: Commit;
  /** Head of the branch as it should be, while it is rewritten. */
  #before: Commit | undefined;

  constructor(tree: Tree, random: Random) {
    this.#random = random;
    this.#head = this.#add('', tree);
  }

  get head(): Commit {
    return this.#head;
  }

  /** Onto the branch as it should be, also while somebody has put another history in its place. */
  commit(tree: Tree): void {
    if (this.#before === undefined) this.#head = this.#add(this.#head.name, tree);
    else this.#before = this.#add(this.#before.name, tree);
  }

  /** Somebody rewrites history: the new head descends from nothing that was there. Returns what puts the branch back; undefined: it is rewritten. */
  rewrite(tree: Tree): (() => void) | undefined {
    if (this.#before !== undefined) return undefined;
    this.#before = this.#head;
    this.#head = this.#add('', tree);
    return () => {
      this.#head = this.#before ?? this.#head;
      this.#before = undefined;
    };
  }

  find(name: string): Commit | undefined {
    return this.#commits.get(name);
  }

  descends(name: string, from: string): boolean {
    for (let each = this.#commits.get(name); each !== undefined; each = this.#commits.get(each.parent))
      if (each.name === from) return true;
    return false;
  }

  #add(parent: string, tree: Tree): Commit {
    const commit = { name: this.#random.hex(40), parent, tree };
    this.#commits.set(commit.name, commit);
    return commit;
  }
}

/** What following takes. */
export interface SimSourceParts {
  readonly repository: SimRepository;
  readonly life: Life;
  readonly moor: Moor;
  readonly inventory: () => readonly InventoryHost[];
  readonly accepted: string | undefined;
}

/** Follows the repository for one run of a hub; a head that does not descend from what the fleet runs is refused, as by the real follower. */
export class SimSource implements Source {
  readonly #parts: SimSourceParts;
  #accepted: string | undefined;
  #refused = '';
  #lastSuccessMs = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: SimSourceParts) {
    this.#parts = parts;
    this.#accepted = parts.accepted;
    this.#poll();
  }

  sync(): Promise<SyncResult> {
    const turn = this.#turn.then(() => this.#follow());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async render(inventory: readonly InventoryHost[]): Promise<Outcome | undefined> {
    const commit = this.#accepted === undefined ? undefined : this.#parts.repository.find(this.#accepted);
    return commit === undefined ? undefined : { kind: 'rendered', rendering: rendering(commit.tree, inventory) };
  }

  renderRevision: Source['renderRevision'] = () => Promise.reject(missing());
  acceptRewrite: Source['acceptRewrite'] = () => Promise.reject(missing());

  status(): ReturnType<Source['status']> {
    const head = this.#parts.repository.head.name;
    return { repo: 'sim', branch: 'main', lastSuccessMs: this.#lastSuccessMs, head, problem: undefined };
  }

  async close(): Promise<void> {
    await this.#turn;
  }

  #poll(): void {
    const { life } = this.#parts;
    void this.sync()
      .catch(() => undefined)
      .then(() => life.after(POLL_MS, () => this.#poll()));
  }

  async #follow(): Promise<SyncResult> {
    const { repository, life, moor, inventory } = this.#parts;
    await life.later(20);
    if (repository.down) throw missing();
    this.#lastSuccessMs = life.schedule.nowMs;
    const { name, tree } = repository.head;
    if (name === this.#accepted) return { commit: name, verdict: 'unchanged' };
    if (name === this.#refused) return { commit: name, verdict: 'refused' };
    const isRewrite = this.#accepted !== undefined && !repository.descends(name, this.#accepted);
    const about = {
      commit: name,
      subject: 'a commit',
      author: 'ada',
      committedAtMs: life.schedule.nowMs,
      warnings: [],
    };
    await moor.decide({ ...about, rendering: isRewrite ? undefined : rendering(tree, inventory()), problems: [] });
    if (isRewrite) this.#refused = name;
    else this.#accepted = name;
    return { commit: name, verdict: isRewrite ? 'refused' : 'accepted' };
  }
}

function missing(): MooringError {
  return new MooringError(
    'SOURCE_UNREACHABLE',
    'Cannot ask the repository: it does not answer; one that does is wanted',
  );
}
