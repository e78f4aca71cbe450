import { MooringError } from '@mooring/proto';
import { type LoadedProject, loadProject } from './load-project.ts';
import { memoryRepository } from './memory-repository.fake.ts';
import type { Service } from './model.ts';

/** What a stack in memory is made of. */
export interface MemoryProject {
  /** Contents by path from the stack's folder, or from the repository's root where they begin with `/`. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  readonly variables?: Readonly<Record<string, string>>;
  /** Compose files, merged left to right. */
  readonly compose?: readonly string[];
}

/** Loads a stack called `shop` whose folder is `stacks/shop`. */
export function loadMemory({
  files,
  variables = {},
  compose = ['compose.yaml'],
}: MemoryProject): Promise<LoadedProject> {
  const placed = Object.entries(files).map(([path, content]) => [
    path.startsWith('/') ? path.slice(1) : `stacks/shop/${path}`,
    content,
  ]);
  return loadProject({
    stack: 'shop',
    folder: 'stacks/shop',
    files: compose,
    variables: { get: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined) },
    repository: memoryRepository(Object.fromEntries(placed)),
  });
}

/** Service `web` with these attributes, beside a service `db`. The first line of the attributes is line 4 of `compose.yaml`. */
export async function memoryService(attributes: string, project: Partial<MemoryProject> = {}): Promise<Service> {
  const loaded = await loadMemory({ ...project, files: { 'compose.yaml': webFile(attributes), ...project.files } });
  const service = loaded.project.services.find(({ name }) => name === 'web');
  if (service === undefined) throw new Error('the stack has no service called web');
  return service;
}

/** How that service is refused: `CODE line:column`. */
export async function memoryRefusal(attributes: string, project: Partial<MemoryProject> = {}): Promise<string> {
  return refusalOf({ ...project, files: { 'compose.yaml': webFile(attributes), ...project.files } });
}

/** How a stack is refused: `CODE line:column`. */
export async function refusalOf(project: MemoryProject): Promise<string> {
  try {
    await loadMemory(project);
  } catch (error) {
    if (error instanceof MooringError) return `${error.code} ${error.place?.line}:${error.place?.column}`;
    throw error;
  }
  return 'accepted';
}

function webFile(attributes: string): string {
  const indented = attributes.replaceAll('\n', '\n    ');
  return `services:\n  web:\n    image: nginx\n    ${indented}\n  db: { image: postgres }\nvolumes: { data: }\nnetworks: { front: }\n`;
}
