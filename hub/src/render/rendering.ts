import type { Bundle, DriftMode, RenderProblem } from '@mooring/proto';

/** A host as rendering sees it: labels from joining; fleet.yaml adds to them and wins. */
export interface InventoryHost {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A content that bundles mount or a bundle itself, by its plain digest. */
export interface PlainObject {
  readonly plainDigest: string;
  readonly bytes: Uint8Array;
  /** Stack of a bundle; empty for a mounted content. */
  readonly stack: string;
}

/** One bundle, shared by every host that needs that same rendering. */
export interface RenderedClass {
  readonly stack: string;
  /** Digest of the encoded bundle. */
  readonly bundleDigest: string;
  readonly bundle: Bundle;
  /** Plain digests of the contents it mounts. */
  readonly files: readonly string[];
}

/** What one host must run of one stack. */
export interface HostStack {
  readonly stack: string;
  readonly bundleDigest: string;
  readonly driftMode: DriftMode;
  readonly ignore: readonly string[];
}

/** What one host must run. */
export interface HostRendering {
  readonly host: string;
  /** Labels after fleet.yaml. */
  readonly labels: Readonly<Record<string, string>>;
  /** Sorted by stack. */
  readonly stacks: readonly HostStack[];
  /** Stacks that select the host and do not render for it alone: they stay as they are there. */
  readonly problems: readonly RenderProblem[];
}

/** A commit rendered for the whole inventory. */
export interface Rendering {
  readonly classes: readonly RenderedClass[];
  /** Objects that were rendered anew; contents of classes taken from the memo are not here. */
  readonly objects: readonly PlainObject[];
  readonly hosts: readonly HostRendering[];
  readonly warnings: readonly RenderProblem[];
  /** How many classes were rendered anew rather than taken from the memo. */
  readonly classesRendered: number;
}
