/** Where a node begins; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A YAML document as it was written: anchors, aliases and merge keys resolved, scalars still text, every node with its place. */
export type YamlNode = ScalarNode | MappingNode | SequenceNode;

/** What a later file does to an earlier one at this node: takes it away, or replaces it as a whole (Compose specification, "Merge"). */
export type MergeTag = 'reset' | 'override';

/** One scalar. What a plain one means depends on its text (YAML as Go's yaml.v3 reads it); a quoted one is a string. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly at: Position;
  readonly tag?: MergeTag;
  readonly text: string;
  /** False where the text was quoted, a block, tagged `!!str`, or came out of an interpolation. */
  readonly plain: boolean;
}

/** A mapping in the order it was written; keys are strings and unique. */
export interface MappingNode {
  readonly kind: 'mapping';
  readonly at: Position;
  readonly tag?: MergeTag;
  readonly entries: readonly YamlEntry[];
}

/** One key and its value. */
export interface YamlEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: YamlNode;
}

/** A sequence. */
export interface SequenceNode {
  readonly kind: 'sequence';
  readonly at: Position;
  readonly tag?: MergeTag;
  readonly items: readonly YamlNode[];
}
