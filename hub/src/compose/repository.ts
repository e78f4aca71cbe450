/**
 * What loading and rendering may ask of a tree of files: one commit of a repository, or a folder on disk.
 *
 * Paths are relative to the repository's root, with `/` between segments, without `.` or `..`. Implementations record nothing and follow no
 * links: a symbolic link and a submodule are entries of their own kind, which the caller refuses by name.
 */
export interface RepositoryReader {
  /** The entry at `path` (`''` is the root folder), or undefined where nothing is. Throws GIT_* errors on a broken or unsafe tree. */
  lookup(path: string): Promise<RepositoryEntry | undefined>;
}

/** One entry of the tree. `oid` identifies the content: equal oids, equal content. */
export type RepositoryEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly oid: string;
      readonly executable: boolean;
      /** The whole content. Throws GIT_FILE_TOO_LARGE above the limit, before the content is held. */
      bytes(): Promise<Uint8Array>;
    }
  | {
      readonly kind: 'folder';
      readonly path: string;
      readonly oid: string;
      list(): Promise<readonly RepositoryEntry[]>;
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly oid: string }
  | { readonly kind: 'submodule'; readonly path: string; readonly oid: string };

/** Where the values of `${NAME}` come from. Never the environment of the process. */
export interface VariableSource {
  /** The value, or undefined where the variable is unset. Every lookup is part of what identifies a rendering. */
  get(name: string): string | undefined;
}
