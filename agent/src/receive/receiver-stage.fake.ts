import { type Digest, digestHex, digestOf, MooringError } from '@mooring/proto';
import type { EventDraft } from '../apply/ports.ts';
import { FailingDisk } from '../keep/disk.fake.ts';
import { type Keep, openKeep } from '../keep/open-keep.ts';
import { temporaryFolder } from '../keep/temporary-folder.fake.ts';
import { RememberedLog } from '../log.fake.ts';
import { FakeSigner } from '../verify/signer.fake.ts';
import type { NewestAssignment } from './high-water.ts';
import { objectSource } from './object-source.ts';
import { Receiver } from './receiver.ts';

/** A receiver on a real folder, with a broker and a hub that hand out what the signer made. */
export class ReceiverStage {
  readonly signer = new FakeSigner();
  readonly data = temporaryFolder();
  readonly disk = new FailingDisk();
  readonly events: EventDraft[] = [];
  readonly log = new RememberedLog();
  nowMs = 1_900_000_000_000;
  /** How often something newer was asked for. */
  asked = 0;
  /** Names of objects that were asked for. */
  readonly fetched: string[] = [];
  accepted = 0;
  /** The newest assignment that broker and hub hold. */
  newest: Uint8Array | undefined;
  /** What asking for the newest does instead. */
  fetchNewest: (newest: NewestAssignment | undefined) => Promise<Uint8Array | undefined> = () =>
    Promise.resolve(this.newest);
  /** What asking for an object does instead. */
  fetchObject: (object: Digest) => Promise<Uint8Array | undefined> = (object) =>
    Promise.resolve(this.signer.objects.get(object));
  keep: Keep = this.#open();
  receiver: Receiver = this.#receive();

  /** Ends the process; another one starts from the same disk. */
  async restart(): Promise<Receiver> {
    await this.close();
    this.keep = this.#open();
    this.receiver = this.#receive();
    await this.receiver.load();
    return this.receiver;
  }

  /** The hub says over its own channel that this is the newest. */
  announce(generation: bigint, envelope?: Uint8Array): void {
    this.newest = envelope;
    this.receiver.hubSays({ generation, digest: envelope === undefined ? '' : digestOf(envelope) });
  }

  /** What was told, code by code. */
  get codes(): readonly string[] {
    return this.events.map(({ kind, code }) => (code === undefined ? kind : `${kind} ${code}`));
  }

  get generation(): bigint {
    return this.receiver.workload?.assignment.generation ?? 0n;
  }

  /** The place of an object on disk. */
  objectFile(object: string): string {
    return `${this.data}/objects/${digestHex(object as Digest)}`;
  }

  async close(): Promise<void> {
    await this.receiver.close();
    this.keep.close();
  }

  #open(): Keep {
    return openKeep(this.data, { nowMs: () => this.nowMs, disk: this.disk });
  }

  #receive(): Receiver {
    const { fleetId, host, dataKey } = this.signer;
    const tell = (event: EventDraft) => void this.events.push(event);
    return new Receiver({
      fleetId,
      host,
      dataKey,
      keys: () => this.signer.keys,
      keep: this.keep,
      fetchObject: objectSource({
        broker: (object) => {
          this.fetched.push(object);
          return this.fetchObject(object);
        },
        hub: (object) => Promise.reject(new MooringError('HUB_UNREACHABLE', `Cannot fetch ${object}: hub is down; up`)),
        tell,
      }),
      fetchNewest: (newest) => {
        this.asked += 1;
        return this.fetchNewest(newest);
      },
      tell,
      log: this.log,
      nowMs: () => this.nowMs,
      onAccepted: () => {
        this.accepted += 1;
      },
    });
  }
}
