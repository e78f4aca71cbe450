import { type Bundle, type Digest, digestHex, MooringError } from '@mooring/proto';
import { contentName, type Wanted } from '../keep/content-store.ts';
import type { Keep } from '../keep/open-keep.ts';
import { verifyBundle } from '../verify/verify-bundle.ts';
import { type BuildParts, openEarlier } from './build-workload.ts';
import type { Workload } from './workload.ts';

/** Collects what the accepted and the kept releases need, and removes the rest. Call only when the host runs exactly what is accepted. */
export function sweepContents(
  workload: Workload,
  keep: Pick<Keep, 'contents' | 'releases'>,
  parts: Pick<BuildParts, 'keys' | 'dataKey'>,
): void {
  const sets = { objects: new Set<string>(), contents: new Set<string>(), trees: new Set<string>() };
  const releases = keep.releases.all().map(({ stack, bundle, generation }) => ({ stack, bundle, generation }));
  const assigned = workload.stacks.flatMap(({ desired }) => desired ?? []);
  for (const { bundle, bundleObject } of assigned) addBundle(sets, bundleObject, bundle);
  for (const release of releases) {
    const envelope = keep.releases.envelope(release.generation);
    // What cannot be read any more cannot say what it needs: nothing is removed.
    if (envelope === undefined || !addEarlier(sets, { ...release, envelope, contents: keep.contents, ...parts }))
      return;
  }
  keep.contents.sweep(sets);
}

type Sets = { readonly [K in keyof Wanted]: Set<string> };

type Earlier = Pick<BuildParts, 'keys' | 'dataKey'> & {
  readonly stack: string;
  readonly bundle: string;
  readonly envelope: Uint8Array;
  readonly contents: Keep['contents'];
};

function addEarlier(sets: Sets, { stack, bundle, envelope, contents, ...parts }: Earlier): boolean {
  try {
    const { material } = openEarlier({ stack, bundle }, envelope, parts);
    const opener = material.byObject(bundle);
    const ciphertext = opener === undefined ? undefined : contents.readObject(opener.object);
    if (opener === undefined || ciphertext === undefined) return false;
    const opened = verifyBundle({ stack, ciphertext, opener });
    addBundle(sets, bundle, opened);
    for (const { digest } of opened.files) {
      const file = material.byContent(digest);
      if (file !== undefined) sets.objects.add(digestHex(file.object));
    }
    return true;
  } catch (error) {
    if (error instanceof MooringError) return false;
    throw error;
  }
}

function addBundle(sets: Sets, object: string, bundle: Bundle): void {
  sets.objects.add(digestHex(object as Digest));
  for (const { digest } of bundle.files) {
    sets.contents.add(contentName(digest, false)).add(contentName(digest, true));
  }
  for (const { container } of bundle.services) {
    for (const { source } of container?.mounts ?? []) {
      if (source?.$case === 'tree') sets.trees.add(digestHex(source.value.digest as Digest));
    }
  }
}
