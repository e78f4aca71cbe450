import { decodeEnvelope, digestOf, MooringError, Severity, type TrustedKey } from '@mooring/proto';
import type { Tell } from '../apply/ports.ts';
import { Backoff, pause } from '../backoff.ts';
import type { Keep } from '../keep/open-keep.ts';
import type { Log } from '../log.ts';
import { MACHINE_TIMERS, type Timers } from '../timers.ts';
import { type AcceptedMark, verifyAssignment } from '../verify/verify-assignment.ts';
import { type BuildParts, buildWorkload, type Received } from './build-workload.ts';
import { HighWater, highWaterLost, type NewestAssignment } from './high-water.ts';
import { type FetchObject, FROM_DISK_ALONE } from './object-source.ts';
import { Refusals } from './refusals.ts';
import { isIncomplete, type Workload } from './workload.ts';

/** Between attempts to fetch what a new assignment needs. */
const FETCH_RETRY = { firstMs: 1_000, maxMs: 30_000 };

/** What receiving relies on. */
export interface ReceiverParts {
  readonly fleetId: string;
  readonly host: string;
  /** 32 bytes. */
  readonly dataKey: Uint8Array;
  readonly keys: () => readonly TrustedKey[];
  readonly keep: Pick<Keep, 'accepted' | 'contents' | 'releases' | 'health'>;
  readonly fetchObject: FetchObject;
  /** The newest assignment, from the broker or the hub; undefined: nobody has one. */
  readonly fetchNewest: (newest: NewestAssignment | undefined) => Promise<Uint8Array | undefined>;
  readonly tell: Tell;
  readonly log: Log;
  readonly nowMs: () => number;
  /** The machine's own unless told otherwise. */
  readonly timers?: Timers | undefined;
  /** Called after each switch. */
  readonly onAccepted: () => void;
}

/**
 * Turns bytes from anywhere into the accepted assignment: verify, fetch all, stage, sync, then the one rename. Whatever arrives meanwhile waits in one
 * place, where the newest replaces the older: a flood costs one verification at a time.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #refusals: Refusals;
  readonly #highWater: HighWater;
  readonly #stop = new AbortController();
  readonly #timers: Timers;
  readonly #backoff: Backoff;
  #workload: Workload | undefined;
  #mark: AcceptedMark | undefined;
  /** Bytes that nobody has looked at. */
  #arrived: Arrived | undefined;
  /** Verified, but not all of it could be fetched yet. */
  #waiting: Waiting | undefined;
  #wanted: { newest: NewestAssignment | undefined } | undefined;
  /** What is accepted is to be looked at again: a stack of it could not be had. */
  #again = false;
  #staging = false;
  #work: Promise<void> | undefined;
  #sleep = new AbortController();
  /** By the monotonic clock: no fetching before. */
  #notBeforeMs = 0;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? MACHINE_TIMERS;
    this.#backoff = new Backoff(FETCH_RETRY, this.#timers.chance);
    this.#refusals = new Refusals(parts.tell, parts.nowMs);
    this.#highWater = HighWater.of(parts.keep);
  }

  /** What the host runs by; undefined: nothing was ever accepted, or the record is lost. */
  get workload(): Workload | undefined {
    return this.#workload;
  }

  get refusal() {
    return this.#refusals.newest;
  }

  /** True: this host's record is lost and the hub has not yet confirmed what is the newest. */
  get highWaterLost(): boolean {
    return this.#highWater.lost && !this.#highWater.confirmed;
  }

  /** True while contents are on disk that belong to nothing accepted yet: nothing may be swept away now. */
  get staging(): boolean {
    return this.#staging || this.#waiting !== undefined;
  }

  /** Reads the accepted assignment from disk and verifies it as if it had just arrived. */
  async load(): Promise<void> {
    const read = this.#parts.keep.accepted.read();
    if (this.#highWater.lost) this.#refusals.count(highWaterLost());
    if (read.kind !== 'accepted' && read.kind !== 'previous') return;
    const { generation, envelope } = read.accepted;
    if (read.kind === 'previous') this.#tellPrevious(generation);
    try {
      this.#mark = { generation, payloadDigest: digestOf(decodeEnvelope(envelope).payload) };
      this.#switchTo(await buildWorkload(this.#verify(envelope), this.#build(FROM_DISK_ALONE)));
    } catch (error) {
      if (!(error instanceof MooringError)) throw error;
      this.#refusals.count(error);
    }
    if (this.#again) {
      this.#later();
      this.#wake();
    }
  }

  /** An assignment arrived. */
  offer(envelope: Uint8Array): void {
    this.#arrived = this.#now(envelope);
    this.#wake();
  }

  /** The hub says which assignment is the newest: a push that was withheld is noticed here. */
  hubSays(newest: NewestAssignment): void {
    this.#highWater.confirm(newest);
    const accepted = this.#workload;
    if (newest.generation === 0n || newest.generation < (accepted?.assignment.generation ?? 0n)) return;
    if (accepted !== undefined && newest.digest === accepted.digest) return;
    if (this.#waiting?.digest === newest.digest) return;
    this.#wanted = { newest };
    this.#wake();
  }

  /** The broker is there (again): it may hold a newer one. */
  ask(): void {
    this.#wanted ??= { newest: undefined };
    this.#wake();
  }

  /** Puts back what the stack mounts where it is no longer as it was signed, from the sealed copies on disk. Throws why it cannot. */
  async restoreContents(stack: string): Promise<void> {
    if (this.#workload === undefined) return;
    const { stacks } = await buildWorkload(this.#workload, this.#build(FROM_DISK_ALONE));
    const refusal = stacks.find(({ assigned }) => assigned.stack === stack)?.refusal;
    if (refusal !== undefined) throw refusal;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#sleep.abort();
    await this.#work;
  }

  #tellPrevious(generation: bigint): void {
    this.#parts.tell({
      kind: 'state.recovered',
      severity: Severity.SEVERITY_WARNING,
      message: `The record of the newest assignment was damaged; the one before, ${generation}, counts until a newer one comes.`,
      code: 'STATE_CORRUPT',
      generation,
    });
  }

  #wake(): void {
    if (this.#stop.signal.aborted) return;
    this.#sleep.abort();
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
      // Something may have come between the last look and here.
      if (this.#arrived !== undefined || this.#isDue) this.#wake();
    });
  }

  get #isDue(): boolean {
    return this.#waiting !== undefined || this.#wanted !== undefined || this.#again;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#sleep = new AbortController();
      try {
        if (!(await this.#next())) return;
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** One piece of work; false: there is none. */
  async #next(): Promise<boolean> {
    const arrived = this.#arrived;
    this.#arrived = undefined;
    if (arrived !== undefined) {
      this.#consider(arrived);
      return true;
    }
    if (!this.#isDue) return false;
    const restMs = this.#notBeforeMs - this.#timers.monotonicMs();
    if (restMs > 0) await pause(restMs, this.#sleep.signal, this.#timers);
    else await this.#workOnce();
    return true;
  }

  /** Whatever fails is tried again later, never at once. */
  async #workOnce(): Promise<void> {
    this.#staging = true;
    try {
      if (this.#waiting !== undefined) await this.#accept(this.#waiting);
      else if (this.#wanted !== undefined) await this.#fetch(this.#wanted);
      else await this.#mend();
    } catch (error) {
      this.#later();
      throw error;
    } finally {
      this.#staging = false;
    }
  }

  #now(envelope: Uint8Array): Arrived {
    return { envelope, atMs: this.#parts.nowMs() };
  }

  #consider({ envelope, atMs }: Arrived): void {
    // A host that just joined hears from the hub in a moment which one is the newest, and asks for it then.
    if (!this.#highWater.confirmed && !this.#highWater.lost) return;
    const received = this.#verify(envelope);
    if (received.known) return;
    this.#highWater.check(received.assignment.generation);
    if (received.assignment.generation <= (this.#waiting?.assignment.generation ?? 0n)) return;
    this.#waiting = { ...received, arrivedAtMs: atMs };
    this.#soon();
  }

  async #fetch(wanted: { newest: NewestAssignment | undefined }): Promise<void> {
    const envelope = await untilStopped(this.#parts.fetchNewest(wanted.newest), this.#stop.signal);
    if (this.#wanted === wanted) this.#wanted = undefined;
    this.#soon();
    // At once: what is pushed meanwhile must not take its place, or a flood would keep the hub's own word out.
    if (envelope !== undefined) this.#consider(this.#now(envelope));
  }

  /** Builds what is accepted once more. What is refused for the same reason as before is not told again. */
  async #mend(): Promise<void> {
    const workload = this.#workload;
    this.#again = false;
    if (workload === undefined) return;
    const rebuilt = await buildWorkload(workload, this.#build(this.#parts.fetchObject));
    const changed = rebuilt.stacks.some(
      ({ refusal }, index) => refusal?.code !== workload.stacks[index]?.refusal?.code,
    );
    this.#switchTo(rebuilt);
    if (this.#again) this.#later();
    else this.#soon();
    if (changed) this.#parts.onAccepted();
  }

  async #accept(received: Waiting): Promise<void> {
    const { keep, onAccepted, log } = this.#parts;
    const workload = await this.#stage(received);
    if (this.#waiting !== received) return;
    const missing = workload.stacks.find(({ refusal }) => refusal?.kind === 'retry')?.refusal;
    // All or nothing: what can still be fetched is waited for; what can never be right concerns its stack alone.
    if (missing !== undefined) throw missing;
    const { generation } = received.assignment;
    const { arrivedAtMs } = received;
    keep.accepted.write({ generation, digest: received.digest, envelope: received.envelope });
    this.#waiting = undefined;
    this.#soon();
    this.#refusals.clear();
    this.#switchTo(workload);
    log.info(
      { generation: String(generation), digest: received.digest, stacks: workload.stacks.length, arrivedAtMs },
      'assignment accepted',
    );
    this.#parts.tell({
      kind: 'assignment.accepted',
      severity: Severity.SEVERITY_INFO,
      message: `Assignment ${generation} accepted: ${received.assignment.reason || 'no reason given'}`,
      generation,
    });
    onAccepted();
  }

  async #stage(received: Received): Promise<Workload> {
    try {
      return await buildWorkload(received, this.#build(this.#parts.fetchObject));
    } catch (error) {
      // What can never be staged must not be tried for ever.
      if (!(error instanceof MooringError && error.kind === 'retry') && this.#waiting === received)
        this.#waiting = undefined;
      throw error;
    }
  }

  #verify(envelope: Uint8Array): Received & { readonly known: boolean } {
    const { fleetId, host, keys, nowMs } = this.#parts;
    const expected = { fleetId, host, keys: keys(), accepted: this.#mark, nowMs: nowMs() };
    return { ...verifyAssignment(envelope, expected), envelope };
  }

  #build(fetch: FetchObject): BuildParts {
    const { keep, dataKey, keys } = this.#parts;
    const { signal } = this.#stop;
    return { keep, dataKey, keys: keys(), fetch: (secret) => untilStopped(fetch(secret), signal), signal };
  }

  /** Refusals of single stacks are told, and the releases that are good are kept from sweeping. */
  #switchTo(workload: Workload): void {
    const before = this.#workload?.digest === workload.digest ? this.#workload.stacks : [];
    const known = new Map(before.map(({ assigned, refusal }) => [assigned.stack, refusal?.code]));
    this.#workload = workload;
    this.#again = isIncomplete(workload);
    this.#mark = { generation: workload.assignment.generation, payloadDigest: workload.payloadDigest };
    for (const { assigned, refusal } of workload.stacks) {
      if (refusal !== undefined && known.get(assigned.stack) !== refusal.code)
        this.#refusals.count(refusal, assigned.stack);
    }
    const { generation } = workload.assignment;
    const good = workload.stacks.filter(({ refusal }) => refusal === undefined);
    const releases = good.map(({ assigned: { stack, release } }) => {
      return { stack, role: 'running' as const, generation, bundle: release?.bundle ?? '' };
    });
    this.#parts.keep.releases.keep(releases, { generation, bytes: workload.envelope });
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    if (!(error instanceof MooringError)) {
      this.#waiting = undefined;
      this.#parts.log.error({ err: error }, 'receiving failed');
      return;
    }
    this.#parts.keep.health.failed(error);
    if (UNREACHABLE.has(error.code)) {
      this.#parts.log.debug({ reason: error.message }, 'no assignment can be fetched now');
      return;
    }
    this.#refusals.count(error);
    this.#parts.log.warn({ code: error.code, reason: error.message }, 'assignment refused');
  }

  #soon(): void {
    this.#backoff.reset();
    this.#notBeforeMs = 0;
  }

  #later(): void {
    this.#notBeforeMs = this.#timers.monotonicMs() + this.#backoff.next();
  }
}

/** Bytes from anywhere, and when they came. */
interface Arrived {
  readonly envelope: Uint8Array;
  readonly atMs: number;
}

interface Waiting extends Received {
  readonly arrivedAtMs: number;
}

/** Nothing was refused: nobody could be asked. */
const UNREACHABLE: ReadonlySet<string> = new Set(['HUB_UNREACHABLE', 'BROKER_UNREACHABLE', 'TIMED_OUT']);

/** Whoever stops does not wait for what is on its way. */
function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}
