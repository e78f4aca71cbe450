import { hash } from 'node:crypto';

/** Names content: `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** The digest of `content`. */
export function digestOf(content: Uint8Array): Digest {
  return `sha256:${hash('sha256', content, 'hex')}`;
}

/** True when `text` has the form of a digest. */
export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** The 64 hex digits of a digest, as used in subjects and file names. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
