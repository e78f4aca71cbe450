import { type Bundle, MAX_OBJECT_BYTES, MooringError } from '@mooring/proto';
import { buildBundle } from '../bundle/build-bundle.ts';
import { loadProject } from '../compose/load-project.ts';
import type { RepositoryReader, VariableSource } from '../compose/repository.ts';
import type { ClassResult, MemoEntry } from './memo.ts';
import { problemOf, problemsOf } from './problem.ts';
import type { PlainObject } from './rendering.ts';
import { type ReadLimits, Recorder } from './trace.ts';

/** One stack with the Compose files that a class of hosts chose. */
export interface ClassInput {
  readonly stack: string;
  /** Folder of the stack from the repository's root. */
  readonly folder: string;
  /** Folder on the hosts to which relative binds belong; empty: none. */
  readonly directory: string;
  /** From the folder of the stack, merged left to right. */
  readonly files: readonly string[];
  /** Stacks that come first on the same host, sorted. */
  readonly after: readonly string[];
}

/** A class rendered anew. */
export interface ClassOutput {
  readonly entry: MemoEntry;
  /** Its bundle and the contents that it mounts; none when it failed. */
  readonly objects: readonly PlainObject[];
  /** False where the same input may give another result later. */
  readonly memorable: boolean;
  /** Variables that were asked for and are unset. */
  readonly unset: readonly string[];
}

/** Renders one stack for one class of hosts and records what it looked at. Does not throw: a failure is a result. */
export async function renderClass(
  input: ClassInput,
  { repository, variables, limits }: { repository: RepositoryReader; variables: VariableSource; limits: ReadLimits },
): Promise<ClassOutput> {
  const recorder = new Recorder(limits);
  const rendered = await renderOnce(input, {
    repository: recorder.reader(repository),
    variables: recorder.source(variables),
  });
  const memorable = rendered.result.kind === 'rendered' || recorder.isComplete;
  return {
    entry: { ...input, ...recorder.trace(), result: rendered.result },
    objects: rendered.objects,
    memorable,
    unset: recorder.unset,
  };
}

async function renderOnce(
  { stack, folder, directory, files, after }: ClassInput,
  { repository, variables }: { repository: RepositoryReader; variables: VariableSource },
): Promise<{ result: ClassResult; objects: readonly PlainObject[] }> {
  try {
    const { project, warnings } = await loadProject({ stack, folder, directory, files, variables, repository });
    const built = buildBundle(project, after);
    checkSize(stack, built.bundle, built.bytes);
    const result: ClassResult = {
      kind: 'rendered',
      bundleDigest: built.digest,
      bytes: built.bytes,
      files: built.files.map((file) => file.plainDigest),
      warnings: warnings.map((warning) => problemOf(warning, { stack })),
    };
    return { result, objects: [{ plainDigest: built.digest, bytes: built.bytes, stack }, ...built.files] };
  } catch (error) {
    return { result: { kind: 'failed', problems: problemsOf(error, { stack }) }, objects: [] };
  }
}

function checkSize(stack: string, bundle: Bundle, bytes: Uint8Array): void {
  if (bytes.byteLength <= MAX_OBJECT_BYTES) return;
  throw new MooringError(
    'RENDER_TOO_LARGE',
    `Cannot render stack ${stack}: its bundle of ${bundle.services.length} services has ${bytes.byteLength} bytes; at most ${MAX_OBJECT_BYTES} are published`,
  );
}
