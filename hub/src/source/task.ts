import type { RenderProblem } from '@mooring/proto';
import type { Memo } from '../render/memo.ts';
import type { HostRendering, InventoryHost, PlainObject } from '../render/rendering.ts';
import type { Branch } from './refs.ts';

/** What the process that touches fetched bytes is asked for. It travels as one message, the token with it: never as an argument. */
export type Task = RenderTask | CompactTask;

/** Fetch if needed, check the history, render. */
export interface RenderTask {
  readonly kind: 'render';
  readonly branch: Branch;
  /** Folder that holds clones. */
  readonly folder: string;
  /**
   * The branch's head; a commit that was accepted before and is rendered again from what is here; or any other revision that the repository
   * has, by its full name or the name of a branch, which is read apart from what is followed.
   */
  readonly wanted: 'head' | { readonly commit: string } | { readonly revision: string };
  /** The commit that a head must descend from. */
  readonly accepted: string | undefined;
  /** A head that a person accepted by name, whatever its history. */
  readonly rewrite?: string | undefined;
  readonly inventory: readonly InventoryHost[];
  readonly memo: Memo;
  /** Bytes that a server may send. */
  readonly maxFetchBytes: number;
}

/** Make the clone anew, if it then still holds the accepted commit. */
export interface CompactTask {
  readonly kind: 'compact';
  readonly branch: Branch;
  readonly folder: string;
  readonly accepted: string;
  readonly maxFetchBytes: number;
}

/** What is known of a commit. Texts are escaped and cut. */
export interface CommitInfo {
  readonly commit: string;
  /** First line of the message, at most 200 characters. */
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
}

/** What it says. `reading` comes right before the commit's files are read, so that a crash from there on can be laid at its door. */
export type Reply =
  | { readonly kind: 'commit'; readonly info: CommitInfo }
  | { readonly kind: 'reading' }
  | { readonly kind: 'rendered'; readonly rendering: WireRendering; readonly memo: Memo; readonly packs: number }
  | {
      readonly kind: 'refused';
      readonly problems: readonly RenderProblem[];
      readonly warnings: readonly RenderProblem[];
      readonly memo: Memo;
    }
  | { readonly kind: 'failed'; readonly problem: RenderProblem }
  | { readonly kind: 'compacted' };

/** A rendering between processes: bundles as their bytes. */
export interface WireRendering {
  readonly classes: readonly {
    readonly stack: string;
    readonly bundleDigest: string;
    readonly bytes: Uint8Array;
    readonly files: readonly string[];
  }[];
  readonly objects: readonly PlainObject[];
  readonly hosts: readonly HostRendering[];
  readonly warnings: readonly RenderProblem[];
  readonly classesRendered: number;
}
