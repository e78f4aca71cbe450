import { createHash } from 'node:crypto';
import { ContainerSpec, Network, TreeMount, Volume } from './gen/messages.ts';

/** Version of the rules by which specifications are digested; it changes only when equal specifications would get other digests. */
export const SPEC_VERSION = 'v1';

function specDigest(encoded: Uint8Array): string {
  return `${SPEC_VERSION}:${createHash('sha256').update(encoded).digest('hex')}`;
}

/** The digest that decides whether a container is the one that Git wants. */
export function containerSpecDigest(spec: ContainerSpec): string {
  return specDigest(ContainerSpec.encode(spec).finish());
}

/** The digest of a network's specification, whatever its `specDigest` says. */
export function networkSpecDigest(network: Network): string {
  return specDigest(Network.encode({ ...network, specDigest: '' }).finish());
}

/** The digest of a volume's specification, whatever its `specDigest` says. */
export function volumeSpecDigest(volume: Volume): string {
  return specDigest(Volume.encode({ ...volume, specDigest: '' }).finish());
}

/** The digest of a mounted folder, whatever its `digest` says. */
export function treeDigest(tree: TreeMount): string {
  const encoded = TreeMount.encode({ ...tree, digest: '' }).finish();
  return `sha256:${createHash('sha256').update(encoded).digest('hex')}`;
}
