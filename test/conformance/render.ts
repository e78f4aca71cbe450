import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBundle, FolderTree, loadProject, parseEnvFile } from '@mooring/hub';
import type { Bundle, MooringError } from '@mooring/proto';

/** One stack in a folder that stands for a repository. */
export interface StackOnDisk {
  /** Root of the repository. */
  readonly root: string;
  /** Folder of the stack, from the root. */
  readonly folder: string;
  readonly stack: string;
  /** Compose files, from the folder. */
  readonly files: readonly string[];
  /** Folder of the host to which relative binds belong; absent: what is in the repository is mounted from there. */
  readonly directory?: string;
  /** An image for every service that only says how to build one. */
  readonly images?: readonly string[];
}

/** A stack as agents would get it. */
export interface RenderedStack {
  readonly bundle: Bundle;
  /** Contents that it mounts, by their digests. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly warnings: readonly MooringError[];
}

/** Renders a stack with the variables of its `.env` alone. */
export async function renderStack(place: StackOnDisk): Promise<RenderedStack> {
  const { root, folder, stack, files, directory = '', images = [] } = place;
  const variables = await readVariables(join(root, folder, '.env'));
  const tree = new FolderTree(root);
  const overlay = Buffer.from(
    `services:\n${images.map((name) => `  ${name}: { image: "${builtImage(name)}" }\n`).join('')}`,
  );
  const path = folder === '.' ? OVERLAY : `${folder}/${OVERLAY}`;
  const { project, warnings } = await loadProject({
    stack,
    folder: folder === '.' ? '' : folder,
    directory,
    files: images.length === 0 ? files : [...files, OVERLAY],
    variables: { get: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined) },
    repository: {
      lookup: async (wanted) =>
        wanted === path
          ? { kind: 'file', path, oid: 'overlay', executable: false, bytes: async () => overlay }
          : tree.lookup(wanted),
    },
  });
  const { bundle, files: contents } = buildBundle(project);
  return { bundle, contents: new Map(contents.map(({ plainDigest, bytes }) => [plainDigest, bytes])), warnings };
}

/** The file that names images. */
const OVERLAY = 'images.conformance.yaml';

/** The image that stands in for one that is built. */
export function builtImage(service: string): string {
  return `built/${service.toLowerCase()}`;
}

async function readVariables(path: string): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(path)) return {};
  return parseEnvFile(await readFile(path, 'utf8'));
}
