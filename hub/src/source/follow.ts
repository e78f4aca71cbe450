import { join } from 'node:path';
import { MooringError, type RenderProblem } from '@mooring/proto';
import type { Memo } from '../render/memo.ts';
import { problemOf, problemsOf } from '../render/problem.ts';
import type { InventoryHost } from '../render/rendering.ts';
import { Turns } from '../turns.ts';
import { MAX_PACKS } from './clone.ts';
import { DISPOSABLE_LIMITS, type DisposableLimits } from './disposable.ts';
import { checkRevisionName } from './find-revision.ts';
import { parseLocation } from './location.ts';
import { MemoFile } from './memo-file.ts';
import { Pacer } from './pacer.ts';
import { compactApart, type Outcome, type Reading, readCommitApart } from './reading.ts';
import { type Branch, locationText, readHead } from './refs.ts';
import { Refusal } from './refusal.ts';
import type { CommitInfo, RenderTask } from './task.ts';

/** A commit that someone must decide on: published when it rendered, kept as refused when it did not. */
export interface Candidate extends CommitInfo {
  readonly outcome: Outcome;
}

/** What following a repository needs. */
export interface SourceOptions {
  /** Path or http(s) URL. */
  readonly repo: string;
  readonly branch: string;
  /** Folder of the hub's data; `source/` below it is ours. */
  readonly dataDir: string;
  /** For http(s); undefined: none is sent. */
  readonly token?: string | undefined;
  /** Milliseconds between polls. */
  readonly pollMs: number;
  /** The commit that the fleet runs; undefined: none yet. */
  readonly accepted?: string | undefined;
  /** The newest commit that was refused after the accepted one: it is not rendered again by itself. */
  readonly refused?: string | undefined;
  /** The hosts of the fleet now. */
  inventory(): readonly InventoryHost[];
  /** True when the bundle or content of that plain digest is stored: a rendering whose objects are not is made anew. */
  hasObject(plainDigest: string): boolean;
  /**
   * Decides on a candidate, one at a time: stores and publishes what rendered and returns `accepted`, or keeps why not and returns
   * `refused`. When it throws, the same commit comes again after a pause.
   */
  decide(candidate: Candidate): Promise<'accepted' | 'refused'>;
  /** Called when following begins to fail, fails in another way, or works again (undefined). */
  onProblem?(problem: RenderProblem | undefined): void;
  readonly limits?: DisposableLimits | undefined;
  /** Bytes that a server may send for one fetch. */
  readonly maxFetchBytes?: number | undefined;
}

/** How following goes. */
export interface SourceStatus {
  /** The repository without credentials. */
  readonly repo: string;
  readonly branch: string;
  /** Unix milliseconds of the last answer; 0: never. */
  readonly lastSuccessMs: number;
  /** The branch's head at that time; empty: none. */
  readonly head: string;
  /** Why the repository cannot be followed at the moment. */
  readonly problem: RenderProblem | undefined;
}

/** What asking now came to: `unchanged` when the head is the commit that was accepted before. */
export interface SyncResult {
  readonly commit: string;
  readonly verdict: 'accepted' | 'refused' | 'unchanged';
}

/** A revision that was rendered, or why it is refused. */
export type RevisionReading = Pick<Reading, 'info' | 'outcome'>;

/** A repository that is followed. */
export interface Source {
  /**
   * Asks now, and resolves when the newest head is decided on. Calls that wait for their turn share one. Rejects with the error that keeps
   * the repository from being followed.
   */
  sync(): Promise<SyncResult>;
  /** Renders the accepted commit again, for a changed inventory; undefined: no commit is accepted yet. Needs no server. */
  render(inventory: readonly InventoryHost[]): Promise<Outcome | undefined>;
  /**
   * Renders any revision that the repository has: a full commit or the name of a branch. Nothing is decided on, remembered or moved by it.
   * Throws GIT_REF_MISSING, SOURCE_* and GIT_* errors, and RATE_LIMITED while many others wait.
   */
  renderRevision(revision: string, inventory: readonly InventoryHost[]): Promise<RevisionReading>;
  /**
   * Decides on the branch's head as if it descended from the accepted commit. `consented` is awaited before. Throws GIT_HEAD_MOVED when the head is
   * another commit by now, and what `sync` throws.
   */
  acceptRewrite(commit: string, consented: () => Promise<void>): Promise<SyncResult>;
  status(): SourceStatus;
  /** Ends what runs, processes included; resolves when all is still. */
  close(): Promise<void>;
}

/** Bytes that a server may send for one fetch: depth 1 of a large repository has 92 MB. */
const MAX_FETCH_BYTES = 256 * 1024 * 1024;
/** Bytes of the answer to a poll: refs of a busy repository. */
const MAX_POLL_BYTES = 8 * 1024 * 1024;
/** Milliseconds that a poll may take. */
const POLL_TIMEOUT_MS = 15_000;
/** Renderings of other revisions that may wait for their turn: each takes a process and seconds. */
const MAX_WAITING_REVISIONS = 8;
/** Times that a newer head replaces the one just rendered before that one is decided on. */
const MAX_OVERTAKES = 3;

/** Follows a branch: polls, renders each new head apart, has it decided on. Throws SOURCE_URL_* for a repository that cannot be followed. */
export function followSource(options: SourceOptions): Source {
  const follower = new Follower(options);
  follower.start();
  return follower;
}

class Follower implements Source {
  private readonly options: SourceOptions;
  private readonly branch: Branch;
  private readonly folder: string;
  private readonly memoFile: MemoFile;
  private readonly turns = new Turns();
  private readonly closing = new AbortController();
  private readonly pacer: Pacer;
  private memo: Memo | undefined;
  private accepted: string | undefined;
  private refusal: Refusal | undefined;
  /** The head that a person accepted whatever its history; it stays so when its rendering has to be tried again. */
  private rewrite: string | undefined;
  private waitingSync: Promise<SyncResult> | undefined;
  private waitingRevisions = 0;
  private loop: Promise<void> = Promise.resolve();
  private state: Pick<SourceStatus, 'lastSuccessMs' | 'head' | 'problem'> = {
    lastSuccessMs: 0,
    head: '',
    problem: undefined,
  };

  constructor(options: SourceOptions) {
    this.options = options;
    this.branch = { location: parseLocation(options.repo), name: options.branch, token: options.token };
    this.folder = join(options.dataDir, 'source');
    this.memoFile = new MemoFile(join(this.folder, 'memo'));
    this.pacer = new Pacer(options.pollMs, this.closing.signal);
    this.accepted = options.accepted;
    if (options.refused !== undefined) this.refusal = new Refusal(options.refused, [], options.inventory());
  }

  start(): void {
    this.loop = this.run();
  }

  sync(): Promise<SyncResult> {
    this.waitingSync ??= this.turns.take(() => {
      this.waitingSync = undefined;
      return this.followed(() => this.poll(true));
    });
    return this.waitingSync;
  }

  render(inventory: readonly InventoryHost[]): Promise<Outcome | undefined> {
    return this.turns.take(async () => {
      if (this.accepted === undefined) return undefined;
      const reading = await this.read({ commit: this.accepted }, { head: this.accepted, inventory });
      return reading.outcome;
    });
  }

  async renderRevision(revision: string, inventory: readonly InventoryHost[]): Promise<RevisionReading> {
    checkRevisionName(revision);
    if (this.waitingRevisions >= MAX_WAITING_REVISIONS) {
      throw new MooringError(
        'RATE_LIMITED',
        `Cannot render another revision: ${MAX_WAITING_REVISIONS} are being rendered or wait; fewer are wanted`,
      );
    }
    this.waitingRevisions += 1;
    try {
      // In turn, because the followed clone may be made anew by who follows it.
      return await this.turns.take(async () => {
        const task = this.task({ revision }, { inventory, memo: await this.knownRenderings() });
        return readCommitApart(task, { head: revision, limits: this.limits, signal: this.closing.signal });
      });
    } finally {
      this.waitingRevisions -= 1;
    }
  }

  acceptRewrite(commit: string, consented: () => Promise<void>): Promise<SyncResult> {
    return this.turns.take(async () => {
      this.checkHead(commit, await this.followed(() => this.askHead()));
      if (commit === this.accepted) return { commit, verdict: 'unchanged' };
      await consented();
      this.rewrite = commit;
      const inventory = this.options.inventory();
      const reading = await this.followed(() => this.read('head', { head: commit, inventory }));
      this.checkHead(commit, reading.info.commit);
      return this.followed(() => this.conclude(reading, inventory));
    });
  }

  private checkHead(commit: string, head: string): void {
    if (head === commit) return;
    throw new MooringError(
      'GIT_HEAD_MOVED',
      `Cannot accept commit ${commit}: the head of branch "${this.branch.name}" is ${head}; its head of now is wanted`,
      { hint: 'Look at what is there now, and accept that by its name.' },
    );
  }

  status(): SourceStatus {
    return { repo: locationText(this.branch.location), branch: this.branch.name, ...this.state };
  }

  async close(): Promise<void> {
    this.closing.abort(
      new MooringError(
        'SOURCE_UNREACHABLE',
        'Cannot follow the repository: the hub is stopping; a running hub is wanted',
      ),
    );
    await this.loop;
    await this.turns.idle();
  }

  private async run(): Promise<void> {
    while (!this.closing.signal.aborted) {
      // A failure is status: it is kept by `followed`, and the pause grows.
      const works = await this.turns
        .take(() => this.followed(() => this.poll(false)))
        .then(
          () => true,
          () => false,
        );
      await this.pacer.pause(works);
    }
  }

  /** A part of following; its failure becomes status and is thrown. */
  private async followed<T>(part: () => Promise<T>): Promise<T> {
    try {
      const result = await part();
      this.report(undefined);
      return result;
    } catch (error) {
      if (!this.closing.signal.aborted)
        this.report(error instanceof MooringError ? problemOf(error) : problemsOf(error)[0]);
      throw error;
    }
  }

  private async poll(asked: boolean): Promise<SyncResult> {
    let head = await this.askHead();
    const inventory = this.options.inventory();
    if (this.isDecided(head, inventory, asked))
      return { commit: head, verdict: head === this.accepted ? 'unchanged' : 'refused' };
    let reading = await this.read('head', { head, inventory });
    for (let overtakes = 0; overtakes < MAX_OVERTAKES; overtakes += 1) {
      head = await this.askHead();
      if (head === reading.info.commit || this.isDecided(head, inventory, asked)) break;
      reading = await this.read('head', { head, inventory });
    }
    return this.conclude(reading, inventory);
  }

  /** Has what was read decided on. */
  private async conclude(reading: Reading, inventory: readonly InventoryHost[]): Promise<SyncResult> {
    const { info, outcome } = reading;
    const refusal = new Refusal(info.commit, outcome.kind === 'refused' ? outcome.problems : [], inventory);
    const isKnown = outcome.kind === 'refused' && this.refusal?.equals(refusal);
    const verdict = isKnown ? 'refused' : await this.options.decide({ ...info, outcome });
    if (verdict === 'refused') {
      this.refusal = refusal;
      return { commit: info.commit, verdict };
    }
    this.accepted = info.commit;
    this.refusal = undefined;
    if (reading.packs > MAX_PACKS) await this.compact(info.commit);
    return { commit: info.commit, verdict };
  }

  private async askHead(): Promise<string> {
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(POLL_TIMEOUT_MS)]);
    const head = await readHead(this.branch, { maxBytes: MAX_POLL_BYTES, signal });
    this.state = { ...this.state, lastSuccessMs: Date.now(), head };
    return head;
  }

  private isDecided(head: string, inventory: readonly InventoryHost[], asked: boolean): boolean {
    return head === this.accepted || (this.refusal?.stands(head, inventory, asked) ?? false);
  }

  private async read(
    wanted: RenderTask['wanted'],
    { head, inventory }: { head: string; inventory: readonly InventoryHost[] },
  ): Promise<Reading> {
    const memo = (await this.knownRenderings()).filter((entry) => this.isStored(entry));
    const task = this.task(wanted, { inventory, memo });
    const reading = await readCommitApart(task, { head, limits: this.limits, signal: this.closing.signal });
    if (reading.memo !== undefined) {
      this.memo = reading.memo;
      await this.memoFile.write(reading.memo);
    }
    return reading;
  }

  private task(wanted: RenderTask['wanted'], { inventory, memo }: Pick<RenderTask, 'inventory' | 'memo'>): RenderTask {
    const { branch, folder, accepted, rewrite, maxFetchBytes } = this;
    return { kind: 'render', branch, folder, wanted, accepted, rewrite, inventory, memo, maxFetchBytes };
  }

  private async knownRenderings(): Promise<Memo> {
    this.memo ??= await this.memoFile.read();
    return this.memo;
  }

  /** What was rendered and never stored must be rendered again to be published. */
  private isStored({ result }: Memo[number]): boolean {
    if (result.kind === 'failed') return true;
    return this.options.hasObject(result.bundleDigest) && result.files.every((file) => this.options.hasObject(file));
  }

  /** The commit is decided on already: a clone that cannot be made anew stays as it is until the next time. */
  private async compact(accepted: string): Promise<void> {
    const { branch, folder, maxFetchBytes } = this;
    const task = { kind: 'compact', branch, folder, accepted, maxFetchBytes } as const;
    await compactApart(task, { limits: this.limits, signal: this.closing.signal }).catch((error: unknown) =>
      this.report(problemsOf(error)[0]),
    );
  }

  private report(problem: RenderProblem | undefined): void {
    const before = this.state.problem;
    this.state = { ...this.state, problem };
    if (before?.code !== problem?.code || before?.message !== problem?.message) this.options.onProblem?.(problem);
  }

  private get limits(): DisposableLimits {
    return this.options.limits ?? DISPOSABLE_LIMITS;
  }

  private get maxFetchBytes(): number {
    return this.options.maxFetchBytes ?? MAX_FETCH_BYTES;
  }
}
