import {
  Bundle,
  containerSpecDigest,
  type ErrorCode,
  FEATURES,
  isDigest,
  MooringError,
  networkSpecDigest,
  type ObjectOpener,
  openObject,
  type TreeMount,
  treeDigest,
  volumeSpecDigest,
} from '@mooring/proto';
import { checkDataPath, checkTarget, checkTreePath } from './bundle-paths.ts';

/** Layout of bundles that this build reads. */
const BUNDLE_FORMAT = 1;
const KNOWN_FEATURES: ReadonlySet<string> = new Set(Object.values(FEATURES));

/** One stack's bundle as it was fetched, and what the assignment says of it. */
export interface SealedBundle {
  readonly stack: string;
  readonly ciphertext: Uint8Array;
  readonly opener: ObjectOpener;
}

/**
 * Verifies one stack's bundle: digest of the object, digest of the content, features, name, spec digests, paths. Throws OBJECT_DIGEST, OBJECT_SEAL,
 * BUNDLE_FORMAT, BUNDLE_FEATURE_UNKNOWN, BUNDLE_WRONG_STACK or BUNDLE_PATH; other stacks are not concerned.
 */
export function verifyBundle({ stack, ciphertext, opener }: SealedBundle): Bundle {
  return verifyPlainBundle(stack, openObject(ciphertext, opener));
}

/**
 * The same for bytes that nobody sealed or signed: a question about them is answered by what would be answered for the real ones, and nothing of them is
 * ever applied. `stack` is what they are for; undefined: what they say themselves. Throws BUNDLE_*.
 */
export function verifyPlainBundle(expected: string | undefined, plain: Uint8Array): Bundle {
  const bundle = decode(expected ?? '', plain);
  const stack = expected ?? bundle.stack;
  checkFeatures(stack, bundle);
  // Fields that this build does not know would be dropped in silence: what is read must be what was written.
  if (!Buffer.from(Bundle.encode(bundle).finish()).equals(plain)) {
    throw refusal('BUNDLE_FORMAT', stack, 'it holds fields that this agent does not know; only known ones are wanted');
  }
  if (bundle.stack !== stack) {
    throw refusal(
      'BUNDLE_WRONG_STACK',
      stack,
      `it is a bundle of ${JSON.stringify(bundle.stack)}; one of ${stack} is wanted`,
    );
  }
  checkDigests(stack, bundle);
  checkMounts(stack, bundle);
  return bundle;
}

function decode(stack: string, plain: Uint8Array): Bundle {
  try {
    return Bundle.decode(plain);
  } catch (cause) {
    throw refusal('BUNDLE_FORMAT', stack, 'its content is not a mooring.v1.Bundle; one is wanted', cause);
  }
}

function checkFeatures(stack: string, bundle: Bundle): void {
  const unknown = bundle.requires.filter((feature) => !KNOWN_FEATURES.has(feature));
  if (bundle.format !== BUNDLE_FORMAT) unknown.push(`format ${bundle.format}`);
  if (unknown.length === 0) return;
  const message = `Cannot run stack ${stack}: its bundle needs ${unknown.slice(0, MAX_NAMED).join(', ')}; features that this agent knows are wanted`;
  throw new MooringError('BUNDLE_FEATURE_UNKNOWN', message, { hint: 'Upgrade the agent on this host.' });
}

/** Unknown features that a message names. */
const MAX_NAMED = 8;

function checkDigests(stack: string, bundle: Bundle): void {
  const names = new Set<string>();
  for (const service of bundle.services) {
    if (service.container === undefined || containerSpecDigest(service.container) !== service.specDigest) {
      throw refusal(
        'BUNDLE_FORMAT',
        stack,
        `the digest of service ${service.name} is not that of its content; equal ones are wanted`,
      );
    }
    if (names.has(service.name))
      throw refusal('BUNDLE_FORMAT', stack, `service ${service.name} is there twice; once is wanted`);
    names.add(service.name);
  }
  const others = [
    ...bundle.networks.map((network) => [network.key, network.specDigest, networkSpecDigest(network)]),
    ...bundle.volumes.map((volume) => [volume.key, volume.specDigest, volumeSpecDigest(volume)]),
  ];
  const wrong = others.find(([, claimed, actual]) => claimed !== actual);
  if (wrong !== undefined) {
    throw refusal(
      'BUNDLE_FORMAT',
      stack,
      `the digest of ${wrong[0]} is not that of its content; equal ones are wanted`,
    );
  }
}

function checkMounts(stack: string, bundle: Bundle): void {
  const files = new Set(bundle.files.map(({ digest }) => digest));
  const known = (digest: string) => {
    if (isDigest(digest) && files.has(digest)) return;
    throw refusal(
      'BUNDLE_FORMAT',
      stack,
      `it mounts ${JSON.stringify(digest)}, which it does not list; listed contents are wanted`,
    );
  };
  for (const { container } of bundle.services) {
    const targets = new Set<string>();
    for (const { target, source } of container?.mounts ?? []) {
      checkTarget(stack, target);
      // The engine refuses both only when the container is made, after the old one was stopped.
      if (target === '/') throw refusal('BUNDLE_PATH', stack, 'it mounts over the root; a place below it is wanted');
      if (targets.has(target))
        throw refusal(
          'BUNDLE_PATH',
          stack,
          `it mounts ${JSON.stringify(target)} twice in one container; once is wanted`,
        );
      targets.add(target);
      if (source?.$case === 'dataPath') checkDataPath(stack, source.value);
      if (source?.$case === 'hostPath') checkTarget(stack, source.value);
      if (source?.$case === 'file') known(source.value.digest);
      if (source?.$case === 'tree') checkTree(stack, source.value, known);
    }
  }
}

function checkTree(stack: string, tree: TreeMount, known: (digest: string) => void): void {
  if (treeDigest(tree) !== tree.digest) {
    throw refusal(
      'BUNDLE_FORMAT',
      stack,
      'the digest of a mounted folder is not that of its content; equal ones are wanted',
    );
  }
  const paths = new Set<string>();
  for (const { path, digest } of tree.entries) {
    checkTreePath(stack, path);
    known(digest);
    if (paths.has(path)) throw refusal('BUNDLE_PATH', stack, `${JSON.stringify(path)} is there twice; once is wanted`);
    paths.add(path);
  }
  for (const path of paths) {
    const folder = path.split('/').slice(0, -1);
    const clash = folder.map((_, index) => folder.slice(0, index + 1).join('/')).find((parent) => paths.has(parent));
    if (clash !== undefined) {
      throw refusal('BUNDLE_PATH', stack, `${JSON.stringify(clash)} is a file and a folder; one of both is wanted`);
    }
  }
}

function refusal(code: ErrorCode, stack: string, ...[what, cause]: [what: string, cause?: unknown]): MooringError {
  return new MooringError(code, `Cannot run stack ${stack}: ${what}`, { cause });
}
