import { dirname, posix } from 'node:path';
import { type Comment, type Program, parseSync, Visitor } from 'oxc-parser';

/** A file as it stands in the repository. */
export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** One mention of another module: `import … from`, `export … from`, `import 'x'`, `import('x')`, or the type `import('x').T`. */
export interface Import {
  /** As written; `undefined` when it is computed, so that nobody can read it. */
  readonly specifier: string | undefined;
  /** What a relative specifier points at, from the root of the repository; otherwise the specifier itself. */
  readonly target: string;
  /** Names taken; empty for a whole module. */
  readonly names: readonly string[];
  /** Whether nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
}

/** A file that the rules can read. */
export interface ParsedFile extends SourceFile {
  readonly program: Program;
  readonly comments: readonly Comment[];
  readonly imports: readonly Import[];
  /** Whether it ships: neither a test nor a fake. */
  readonly shipped: boolean;
  /** Line, from 1, of an offset into the text. */
  lineOf(offset: number): number;
}

/** Parses a file. Throws when it does not parse, for a rule must never pass over what it could not read. */
export function parseFile(file: SourceFile): ParsedFile {
  const parsed = parseSync(file.path, file.text);
  const [error] = parsed.errors;
  if (error !== undefined)
    throw new Error(`Cannot read the imports of ${file.path}: ${error.message}; mend its syntax`);
  const lineOf = (offset: number) => file.text.slice(0, offset).split('\n').length;
  const found: Found[] = [
    ...parsed.module.staticImports.map((one) => ({
      specifier: one.moduleRequest.value,
      names: one.entries.flatMap((entry) => entry.importName.name ?? []),
      typeOnly: one.entries.length > 0 && one.entries.every((entry) => entry.isType),
      start: one.start,
    })),
    ...parsed.module.staticExports.flatMap((one) =>
      one.entries.flatMap((entry) =>
        entry.moduleRequest === null
          ? []
          : [
              {
                specifier: entry.moduleRequest.value,
                names: entry.importName.name === null ? [] : [entry.importName.name],
                typeOnly: entry.isType,
                start: one.start,
              },
            ],
      ),
    ),
    ...parsed.module.dynamicImports.map((one) => ({
      specifier: literal(file.text.slice(one.moduleRequest.start, one.moduleRequest.end)),
      names: [],
      typeOnly: false,
      start: one.start,
    })),
    ...importTypes(parsed.program),
  ];
  return {
    ...file,
    program: parsed.program,
    comments: parsed.comments,
    imports: found.map(({ start, ...one }) => ({
      ...one,
      target: target(file.path, one.specifier ?? ''),
      line: lineOf(start),
    })),
    shipped: !/\.(test|fake)\.ts$/.test(file.path),
    lineOf,
  };
}

interface Found {
  readonly specifier: string | undefined;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
  readonly start: number;
}

function importTypes(program: Program): readonly Found[] {
  const found: Found[] = [];
  new Visitor({
    TSImportType: (node) => {
      found.push({ specifier: node.source.value, names: [], typeOnly: true, start: node.start });
    },
  }).visit(program);
  return found;
}

function literal(expression: string): string | undefined {
  return /^'([^']*)'$|^"([^"]*)"$/
    .exec(expression.trim())
    ?.slice(1)
    .find((part) => part !== undefined);
}

function target(from: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(dirname(from), specifier) : specifier;
}
