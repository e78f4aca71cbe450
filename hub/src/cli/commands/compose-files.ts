import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { MooringError, type RenderProblem } from '@mooring/proto';
import { type CanonicalModel, canonicalProject } from '../../compose/canonical/project.ts';
import { parseEnvFile } from '../../compose/env-file.ts';
import { decodeText } from '../../compose/read-yaml.ts';
import type { RepositoryReader } from '../../compose/repository.ts';
import { problemOf, problemsOf } from '../../render/problem.ts';
import { FolderTree } from '../../source/folder.ts';

/** What Compose files mean by themselves, or why they mean nothing. Places are seen from the working folder. */
export type ComposeFiles =
  | { readonly kind: 'printed'; readonly model: CanonicalModel; readonly warnings: readonly RenderProblem[] }
  | { readonly kind: 'refused'; readonly problems: readonly RenderProblem[] };

/**
 * Reads Compose files as docker compose would, merged left to right, with the variables of the `.env` beside the first and no others: no fleet, no
 * hub. Files that they name may lie anywhere in the same repository, or on this machine where there is none.
 */
export async function readComposeFiles(paths: readonly string[], home: string): Promise<ComposeFiles> {
  const [first = '.'] = paths;
  const place = dirname(resolve(first));
  const root = repositoryRoot(place);
  const folder = relative(root, place);
  const repository = new FolderTree(root);
  try {
    const values = await variablesBeside(folder, repository);
    const { model, warnings } = await canonicalProject({
      stack: basename(place),
      folder,
      files: paths.map((path) => relative(place, resolve(path))),
      variables: { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) },
      repository,
      place,
      home,
    });
    return { kind: 'printed', model, warnings: warnings.map((warning) => fromHere(problemOf(warning), root)) };
  } catch (error) {
    if (!(error instanceof MooringError)) throw error;
    return { kind: 'refused', problems: problemsOf(error).map((problem) => fromHere(problem, root)) };
  }
}

/** The nearest folder above that Git keeps, else the root of this machine. */
function repositoryRoot(folder: string): string {
  for (let candidate = folder; ; candidate = dirname(candidate)) {
    if (existsSync(join(candidate, '.git')) || dirname(candidate) === candidate) return candidate;
  }
}

async function variablesBeside(
  folder: string,
  repository: RepositoryReader,
): Promise<Readonly<Record<string, string>>> {
  const path = join(folder, '.env');
  const entry = await repository.lookup(path);
  return entry?.kind === 'file' ? parseEnvFile(decodeText(path, await entry.bytes())) : {};
}

function fromHere(problem: RenderProblem, root: string): RenderProblem {
  return problem.file === '' ? problem : { ...problem, file: relative(process.cwd(), join(root, problem.file)) };
}
