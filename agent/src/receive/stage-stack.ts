import { type Bundle, isDigest, MooringError, openObject, type StackAssignment } from '@mooring/proto';
import type { ContentStore } from '../keep/content-store.ts';
import type { Material, ObjectSecret } from '../verify/open-material.ts';
import { verifyBundle } from '../verify/verify-bundle.ts';
import type { FetchObject } from './object-source.ts';

/** What staging a stack relies on. */
export interface StagingParts {
  readonly material: Material;
  readonly contents: ContentStore;
  readonly fetch: FetchObject;
}

/**
 * Brings one stack's bundle and everything that it mounts to the disk, and verifies all of it; what is on disk already is verified again. Throws
 * the code of the first check that failed.
 */
export async function stageStack(assigned: StackAssignment, parts: StagingParts): Promise<Bundle> {
  const { material, contents } = parts;
  const { stack } = assigned;
  const opener = material.byObject(assigned.release?.bundle ?? '');
  if (opener === undefined) throw noKey(stack, 'its bundle');
  const sealed = contents.readObject(opener.object);
  const ciphertext = sealed ?? (await parts.fetch(opener));
  const bundle = verifyBundle({ stack, ciphertext, opener });
  if (sealed === undefined) contents.writeObject(opener.object, ciphertext);
  for (const { digest } of bundle.files) await stageContent(stack, digest, parts);
  contents.materialise(bundle, (digest) => openContent(stack, digest, parts));
  return bundle;
}

async function stageContent(stack: string, digest: string, { material, contents, fetch }: StagingParts): Promise<void> {
  const opener = keyOf(stack, digest, material);
  if (contents.readObject(opener.object) !== undefined) return;
  const ciphertext = await fetch(opener);
  // Opened once before it is kept: bytes with the right name and the wrong content are refused here.
  openObject(ciphertext, opener);
  contents.writeObject(opener.object, ciphertext);
}

function openContent(stack: string, digest: string, { material, contents }: StagingParts): Uint8Array {
  const opener = keyOf(stack, digest, material);
  const ciphertext = contents.readObject(opener.object);
  if (ciphertext !== undefined) return openObject(ciphertext, opener);
  throw new MooringError(
    'OBJECT_MISSING',
    `Cannot run stack ${stack}: object ${opener.object} is not on disk; it is wanted there`,
  );
}

function keyOf(stack: string, digest: string, material: Material): ObjectSecret {
  const opener = isDigest(digest) ? material.byContent(digest) : undefined;
  if (opener === undefined) throw noKey(stack, digest);
  return opener;
}

function noKey(stack: string, what: string): MooringError {
  return new MooringError(
    'OBJECT_SEAL',
    `Cannot run stack ${stack}: the assignment has no key for ${what}; one is wanted`,
  );
}
