import { digestOf } from '@mooring/proto';

/** A tree of files in memory, as a commit holds it. */
export function treeOf(files: Readonly<Record<string, string>>) {
  const lookup = async (path: string): Promise<Entry | undefined> => {
    const content = Object.hasOwn(files, path) ? files[path] : undefined;
    if (content !== undefined) {
      const bytes = Buffer.from(content);
      return { kind: 'file', path, oid: digestOf(bytes), executable: false, bytes: async () => bytes };
    }
    const inside = Object.keys(files).filter((name) => path === '' || name.startsWith(`${path}/`));
    if (inside.length === 0) return undefined;
    const prefix = path === '' ? '' : `${path}/`;
    const children = [...new Set(inside.map((name) => `${prefix}${name.slice(prefix.length).split('/')[0]}`))];
    const list = async (): Promise<Entry[]> =>
      (await Promise.all(children.map(lookup))).flatMap((entry) => entry ?? []);
    return { kind: 'folder', path, oid: digestOf(Buffer.from(inside.join('\n'))), list };
  };
  return { lookup };
}

type Entry =
  | { kind: 'file'; path: string; oid: string; executable: boolean; bytes: () => Promise<Uint8Array> }
  | { kind: 'folder'; path: string; oid: string; list: () => Promise<Entry[]> };
