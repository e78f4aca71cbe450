import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Assignment,
  assignmentSealContext,
  assignmentSubject,
  Bundle,
  containerSpecDigest,
  decodeEnvelope,
  digestOf,
  isDigest,
  objectSubject,
  openForHost,
  openObject,
  PAYLOAD_TYPES,
  SealedMaterial,
  type Service,
  sealForHost,
  sealObject,
  signEnvelope,
} from '@mooring/proto';
import { type Broker, connectAsHub } from './broker.ts';
import type { Place } from './place.ts';

const HOST = 'web-1';

/** Whoever has the broker and, for some inputs, the fleet's own keys: makes envelopes for one host and pushes them. */
export class Forge {
  readonly broker: Broker;
  readonly #signingKey: KeyObject;
  readonly #dataKey: Uint8Array;
  readonly stranger = generateKeyPairSync('ed25519').privateKey;
  #newest: Assignment;

  private constructor(place: Place, broker: Broker, newest: Assignment) {
    this.broker = broker;
    this.#newest = newest;
    this.#signingKey = createPrivateKey(readFileSync(join(place.data, 'keys', 'assignment.key')));
    this.#dataKey = readFileSync(join(place.host(HOST), 'identity', 'data.key'));
  }

  static async open(place: Place): Promise<Forge> {
    const broker = await connectAsHub(place);
    const newest = await broker.newest(assignmentSubject(HOST));
    if (newest === undefined) throw new Error(`the broker has no assignment of ${HOST}`);
    return new Forge(place, broker, Assignment.decode(decodeEnvelope(newest).payload));
  }

  get newest(): Assignment {
    return this.#newest;
  }

  /** A generation that is newer than what was sent last. */
  next(): bigint {
    return this.#newest.generation + 1n;
  }

  /** The newest assignment with changes, sealed again and signed by the fleet's key or another. */
  sign(change: Partial<Assignment>, options: { key?: KeyObject; type?: string } = {}): Buffer {
    return this.signBytes(this.payload(change), options);
  }

  /** The newest assignment with changes, sealed again, as it would be signed. */
  payload(change: Partial<Assignment>): Uint8Array {
    const changed = { ...this.#newest, ...change };
    const sealedMaterial = change.sealedMaterial ?? this.#sealed(changed, this.#material());
    return Assignment.encode({ ...changed, sealedMaterial }).finish();
  }

  signBytes(payload: Uint8Array, { key = this.#signingKey, type = PAYLOAD_TYPES.assignment as string } = {}): Buffer {
    return Buffer.from(signEnvelope(type, payload, key));
  }

  /** An assignment whose stack is another bundle, with its object on the broker. */
  async withBundle(change: (bundle: Bundle) => Uint8Array): Promise<Buffer> {
    const material = this.#material();
    const bundle = change(await this.#bundle(material));
    const forged = sealObject(Buffer.alloc(32, 7), bundle);
    await this.broker.publish(objectSubject(forged.object), forged.ciphertext);
    const key = {
      object: forged.object,
      plainDigest: digestOf(bundle),
      plainSize: BigInt(bundle.byteLength),
      key: Buffer.from(forged.key),
      nonce: Buffer.from(forged.nonce),
    };
    return this.#running(forged.object, { objects: [...material.objects, key] });
  }

  /** An assignment that names an object whose bytes on the broker are others. */
  async withOtherBytes(): Promise<Buffer> {
    const material = this.#material();
    const [opener] = material.objects;
    if (opener === undefined) throw new Error('the assignment names no object');
    const object = digestOf(Buffer.from('the bytes that were named'));
    await this.broker.publish(objectSubject(object), Buffer.from('other bytes'));
    return this.#running(object, { objects: [...material.objects, { ...opener, object }] });
  }

  /** A good assignment, newer than all before; what was refused must not stand in its way. */
  good(): Buffer {
    const generation = this.next();
    const envelope = this.sign({ generation, reason: 'good again' });
    this.#newest = { ...this.#newest, generation, reason: 'good again' };
    return envelope;
  }

  push(envelope: Uint8Array): Promise<void> {
    return this.broker.publish(assignmentSubject(HOST), envelope);
  }

  #running(object: string, material: SealedMaterial): Buffer {
    const generation = this.next();
    const [stack, ...others] = this.#newest.stacks;
    if (stack === undefined) throw new Error('the assignment names no stack');
    const stacks = [{ ...stack, release: { bundle: object, secrets: [] } }, ...others];
    const sealedMaterial = this.#sealed({ ...this.#newest, generation }, material);
    const envelope = this.sign({ generation, stacks, sealedMaterial });
    // The host may accept it but for this stack.
    this.#newest = { ...this.#newest, generation };
    return envelope;
  }

  /** The bundle that the host runs. */
  bundle(): Promise<Bundle> {
    return this.#bundle(this.#material());
  }

  async #bundle(material: SealedMaterial): Promise<Bundle> {
    const name = this.#newest.stacks[0]?.release?.bundle ?? '';
    const opener = material.objects.find(({ object }) => object === name);
    const sealed = isDigest(name) ? await this.broker.newest(objectSubject(name)) : undefined;
    if (opener === undefined || sealed === undefined) throw new Error('the broker has no bundle');
    return Bundle.decode(openObject(sealed, opener));
  }

  /** The material is bound to the generation, so that it is kept as it was opened first. */
  #material(): SealedMaterial {
    this.#opened ??= SealedMaterial.decode(
      openForHost(this.#dataKey, assignmentSealContext(this.#newest), this.#newest.sealedMaterial),
    );
    return this.#opened;
  }

  #opened: SealedMaterial | undefined;

  #sealed(context: Assignment, material: SealedMaterial): Buffer {
    return sealForHost(this.#dataKey, assignmentSealContext(context), SealedMaterial.encode(material).finish());
  }
}

/** A bundle whose services were changed, each with the digest that belongs to it. */
export function withServices(bundle: Bundle, change: (service: Service) => Service): Uint8Array {
  const services = bundle.services.map((service) => {
    const changed = change(service);
    if (changed.container === undefined) throw new Error('the service has no container');
    return { ...changed, specDigest: containerSpecDigest(changed.container) };
  });
  return Bundle.encode({ ...bundle, services }).finish();
}
