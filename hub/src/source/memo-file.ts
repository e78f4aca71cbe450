import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { Memo } from '../render/memo.ts';

/** Folders whose code decides what a rendering is. A bundle (.mjs) holds all code in the folder that it stands in. */
const RENDERING_CODE = import.meta.url.endsWith('.mjs') ? ['./'] : ['../compose/', '../render/', '../bundle/'];

/**
 * Keeps renderings over a restart of the hub. The file is a cache: one that is missing, broken or written by another build of the renderer
 * is an empty memo, and rendering anew makes it again.
 */
export class MemoFile {
  private readonly path: string;
  private build: Promise<string> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  async read(): Promise<Memo> {
    try {
      // The hub wrote it itself, with mode 0600; the build names its shape.
      const document = deserialize(await readFile(this.path)) as { build: string; memo: Memo };
      return document.build === (await this.currentBuild()) ? document.memo : [];
    } catch {
      return [];
    }
  }

  async write(memo: Memo): Promise<void> {
    const next = `${this.path}.new`;
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await rm(next, { force: true });
    await writeFile(next, serialize({ build: await this.currentBuild(), memo }), { mode: 0o600 });
    await rename(next, this.path);
  }

  private currentBuild(): Promise<string> {
    this.build ??= renderingBuild();
    return this.build;
  }
}

/** Names the code that renders, so that no release uses what another rendered. */
async function renderingBuild(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  for (const folder of RENDERING_CODE) {
    const url = new URL(folder, import.meta.url);
    for (const name of (await readdir(url)).sort()) {
      if (/\.(ts|js|mjs)$/.test(name) && !/\.(test|fake|d)\./.test(name))
        hash.update(name).update(await readFile(new URL(name, url)));
    }
  }
  return hash.digest('hex');
}
