import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  Assignment,
  assignmentSealContext,
  Bundle,
  ContainerSpec,
  containerSpecDigest,
  digestOf,
  FEATURES,
  keyIdOf,
  Mount,
  type ObjectKey,
  PAYLOAD_TYPES,
  SealedMaterial,
  type StackAssignment,
  sealForHost,
  sealObject,
  signEnvelope,
  type TrustedKey,
} from '@mooring/proto';

/** What one stack runs, in short. */
export interface BundleDraft {
  /** Mounts of its only service. */
  readonly mounts?: readonly Mount[];
  /** Contents that its mounts name. */
  readonly contents?: readonly Uint8Array[];
  /** Makes another bundle of the same stack. */
  readonly image?: string;
  /** Changes the bundle after its digests were taken. */
  readonly spoil?: (bundle: Bundle) => Bundle;
}

/** One assignment, in short. */
export interface AssignmentDraft {
  readonly generation: bigint;
  readonly stacks?: Readonly<Record<string, BundleDraft>>;
  /** Changes the assignment before it is signed. */
  readonly change?: (assignment: Assignment) => Assignment;
  readonly key?: KeyObject;
  readonly payloadType?: string;
}

/** A hub that only signs and seals: what it makes is real, and a test may ask for what an honest hub never makes. */
export class FakeSigner {
  readonly fleetId = '0193f1f0-0000-7000-8000-000000000001';
  readonly host = 'web-1';
  readonly dataKey = randomBytes(32);
  readonly #secret = randomBytes(32);
  readonly #key = generateKeyPairSync('ed25519').privateKey;
  /** Everything that was sealed, by name: what a broker or a hub would hand out. */
  readonly objects = new Map<string, Uint8Array>();

  get keys(): readonly TrustedKey[] {
    return [{ keyId: keyIdOf(this.#key), key: createPublicKey(this.#key) }];
  }

  /** A signed envelope, its bundles and contents sealed. */
  assignment({ generation, stacks = {}, change = (same) => same, ...signing }: AssignmentDraft): Uint8Array {
    const objects: ObjectKey[] = [];
    const assigned = Object.entries(stacks).map(([stack, draft]) => this.#assign(stack, draft, objects));
    const base = { fleetId: this.fleetId, host: this.host, generation };
    const plain = SealedMaterial.encode({ objects }).finish();
    const assignment = Assignment.fromPartial({
      ...base,
      stacks: assigned,
      sealedMaterial: sealForHost(this.dataKey, assignmentSealContext(base), plain),
      reason: 'a test asked',
      actor: 'tester',
    });
    const payload = Assignment.encode(change(assignment)).finish();
    return signEnvelope(signing.payloadType ?? PAYLOAD_TYPES.assignment, payload, signing.key ?? this.#key);
  }

  /** Seals a content or a bundle, keeps it for fetching, and says what opens it. */
  seal(plain: Uint8Array): ObjectKey {
    const { object, ciphertext, key, nonce } = sealObject(this.#secret, plain);
    this.objects.set(object, ciphertext);
    return {
      object,
      plainDigest: digestOf(plain),
      key: Buffer.from(key),
      nonce: Buffer.from(nonce),
      plainSize: BigInt(plain.byteLength),
    };
  }

  #assign(stack: string, draft: BundleDraft, objects: ObjectKey[]): StackAssignment {
    const bundle = this.seal(Buffer.from(Bundle.encode(bundleOf(stack, draft)).finish()));
    for (const key of [bundle, ...(draft.contents ?? []).map((content) => this.seal(content))])
      if (objects.every(({ object }) => object !== key.object)) objects.push(key);
    return {
      stack,
      source: 'https://git.example/fleet',
      commit: 'c0ffee00'.repeat(5),
      release: { bundle: bundle.object, secrets: [] },
      driftMode: 1,
      ignore: [],
      hold: undefined,
    };
  }
}

/** A bundle whose digests are right, unless it is spoilt afterwards. */
export function bundleOf(stack: string, draft: BundleDraft = {}): Bundle {
  const { mounts = [], contents = [], image = 'nginx:1.27', spoil = (same) => same } = draft;
  const container = ContainerSpec.fromPartial({ image, mounts: [...mounts] });
  const bundle = Bundle.fromPartial({
    format: 1,
    stack,
    requires: [FEATURES.core],
    services: [{ name: 'web', container, specDigest: containerSpecDigest(container), replicas: 1 }],
    files: contents.map((content) => ({ digest: digestOf(content), size: BigInt(content.byteLength) })),
  });
  return spoil(bundle);
}

/** A mount of one content. */
export function fileMount(target: string, content: Uint8Array): Mount {
  return mountOf(target, { $case: 'file', value: { digest: digestOf(content), executable: false } });
}

/** A mount of anything. */
export function mountOf(target: string, source: NonNullable<Mount['source']>): Mount {
  return Mount.fromPartial({ target, readOnly: true, source });
}

/** The name of an object that nobody has. */
export const NO_OBJECT = digestOf(Buffer.from('nobody has this'));
