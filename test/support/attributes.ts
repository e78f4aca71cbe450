import { buildBundle, loadProject } from '@mooring/hub';
import type { Bundle } from '@mooring/proto';
import { attributesFile } from './fragments.ts';

const STACK = 'each';
const FILE = 'compose.yaml';

/** One stack with a service for each attribute, apart from those that are named. */
export async function attributesBundle(options: { without?: readonly string[] } = {}): Promise<Bundle> {
  const text = Buffer.from(attributesFile(options));
  const { project } = await loadProject({
    stack: STACK,
    folder: '',
    files: [FILE],
    variables: { get: () => undefined },
    repository: {
      lookup: async (path) =>
        path === FILE ? { kind: 'file', path, oid: STACK, executable: false, bytes: async () => text } : undefined,
    },
  });
  return buildBundle(project).bundle;
}
