import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataKeyOf, openFleet, openStore } from '@mooring/hub';
import {
  Assignment,
  assignmentSealContext,
  assignmentSubject,
  Bundle,
  decodeEnvelope,
  digestOf,
  objectSubject,
  openForHost,
  openObject,
  PAYLOAD_TYPES,
  SealedMaterial,
  sealForHost,
  sealObject,
  signEnvelope,
} from '@mooring/proto';
import type { Fleet } from './fleet.ts';
import { HUB_ADDRESS } from './network.ts';
import { run } from './run.ts';

/** An attacker who has the broker, and for some attacks the fleet's own signing key: makes envelopes and pushes them to one host. */
export class Forger {
  readonly #fleet: Fleet;
  readonly #host: string;
  readonly #dataKey: Uint8Array;
  readonly #signingKey: KeyObject;
  readonly #newest: Uint8Array;
  readonly #objects: ReadonlyMap<string, Uint8Array>;
  #issued = 0n;

  private constructor(parts: {
    fleet: Fleet;
    host: string;
    dataKey: Uint8Array;
    signingKey: KeyObject;
    newest: Uint8Array;
    objects: ReadonlyMap<string, Uint8Array>;
  }) {
    this.#fleet = parts.fleet;
    this.#host = parts.host;
    this.#dataKey = parts.dataKey;
    this.#signingKey = parts.signingKey;
    this.#newest = parts.newest;
    this.#objects = parts.objects;
  }

  /** Takes the newest assignment of a host from a hub that is stopped. */
  static async against(fleet: Fleet, host: string): Promise<Forger> {
    const opened = await openFleet({ data: fleet.data, clock: Date.now });
    const store = await openStore({ file: join(fleet.data, 'hub.db'), fleetId: opened.id, clock: Date.now });
    const newest = store.assignment(host)?.envelope;
    const identityId = store.host(host)?.identityId ?? '';
    const objects = new Map(
      store.objectNames().map((object) => [object, store.object(object)?.ciphertext ?? new Uint8Array()]),
    );
    await store.close();
    if (newest === undefined) throw new Error(`host ${host} has no assignment`);
    const signingKey = opened.assignmentKey;
    return new Forger({ fleet, host, dataKey: dataKeyOf(opened, identityId), signingKey, newest, objects });
  }

  get newest(): Uint8Array {
    return this.#newest;
  }

  get assignment(): Assignment {
    return Assignment.decode(decodeEnvelope(this.#newest).payload);
  }

  /** The newest assignment with changes, signed by the fleet's key or another. */
  sign(change: Partial<Assignment>, options: { key?: KeyObject; type?: string } = {}): Uint8Array {
    const changed = { ...this.assignment, ...change };
    const resealed = change.sealedMaterial === undefined ? this.#reseal(changed) : changed.sealedMaterial;
    const payload = Assignment.encode({ ...changed, sealedMaterial: Buffer.from(resealed) }).finish();
    return signEnvelope(options.type ?? PAYLOAD_TYPES.assignment, payload, options.key ?? this.#signingKey);
  }

  /** A signing key that nobody trusts. */
  strangeKey(): KeyObject {
    return generateKeyPairSync('ed25519').privateKey;
  }

  /** An assignment whose first stack is another bundle, with its object on the broker. */
  async withBundle(change: (bundle: Bundle) => Bundle): Promise<Uint8Array> {
    const material = this.#material();
    const [stack] = this.assignment.stacks;
    const opener = material.objects.find(({ object }) => object === stack?.release?.bundle);
    if (stack === undefined || opener === undefined) throw new Error('there is no bundle');
    const sealed = this.#object(opener.object);
    const bundle = Bundle.encode(change(Bundle.decode(openObject(sealed, opener)))).finish();
    const forged = sealObject(Buffer.alloc(32, 7), bundle);
    await this.put(objectSubject(forged.object), forged.ciphertext);
    const key = {
      object: forged.object,
      plainDigest: digestOf(bundle),
      plainSize: BigInt(bundle.byteLength),
      key: Buffer.from(forged.key),
      nonce: Buffer.from(forged.nonce),
    };
    return this.#signWith(
      { objects: [...material.objects, key] },
      { stacks: [{ ...stack, release: { bundle: forged.object, secrets: [] } }, ...this.assignment.stacks.slice(1)] },
    );
  }

  /** An assignment whose first stack names an object whose bytes on the broker are others. */
  async withWrongObject(): Promise<Uint8Array> {
    const material = this.#material();
    const [stack] = this.assignment.stacks;
    const [opener] = material.objects;
    if (stack === undefined || opener === undefined) throw new Error('there is no object');
    const named = digestOf(Buffer.from('the bytes that were named'));
    await this.put(objectSubject(named), Buffer.from('other bytes'));
    const key = { ...opener, object: named };
    return this.#signWith(
      { objects: [...material.objects, key] },
      { stacks: [{ ...stack, release: { bundle: named, secrets: [] } }, ...this.assignment.stacks.slice(1)] },
    );
  }

  /** Pushes an envelope to the host, as whoever owns the broker can. */
  async push(envelope: Uint8Array): Promise<void> {
    await this.put(assignmentSubject(this.#host), envelope);
  }

  async put(subject: string, content: Uint8Array): Promise<void> {
    const helper = join(import.meta.dirname, 'broker-put.mjs');
    const nkey = readFileSync(join(this.#fleet.data, 'keys', 'hub.nk'), 'utf8').trim();
    await run('nsenter', [
      `--net=/run/netns/${this.#fleet.network.hub}`,
      process.execPath,
      helper,
      `tls://${HUB_ADDRESS}:7445`,
      nkey,
      join(this.#fleet.data, 'keys', 'ca.crt'),
      subject,
      Buffer.from(content).toString('base64'),
    ]);
  }

  #object(object: string): Uint8Array {
    const ciphertext = this.#objects.get(object);
    if (ciphertext === undefined) throw new Error(`the hub has no object ${object}`);
    return ciphertext;
  }

  #material(): SealedMaterial {
    return SealedMaterial.decode(
      openForHost(this.#dataKey, assignmentSealContext(this.assignment), this.assignment.sealedMaterial),
    );
  }

  #signWith(material: SealedMaterial, change: Partial<Assignment>): Uint8Array {
    this.#issued += 1n;
    const generation = this.assignment.generation + this.#issued;
    const context = assignmentSealContext({ ...this.assignment, generation });
    const sealedMaterial = sealForHost(this.#dataKey, context, SealedMaterial.encode(material).finish());
    return this.sign({ generation, sealedMaterial, ...change });
  }

  #reseal(changed: Assignment): Uint8Array {
    return sealForHost(this.#dataKey, assignmentSealContext(changed), SealedMaterial.encode(this.#material()).finish());
  }
}
