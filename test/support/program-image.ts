import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Image, importImage } from './images.ts';
import { run } from './run.ts';
import { toolPath } from './tools.ts';

/** A program of this machine as an image. */
export interface ProgramImage extends Image {
  /** Path of the program. */
  readonly program: string;
  /** Folders that it wants to find. */
  readonly folders: readonly string[];
  /** Busybox's applets that stand beside it. */
  readonly applets?: readonly string[];
}

/** Makes an image of a program, which stands in /bin there, and the libraries that it is linked with. */
export async function importProgram(folder: string, socketPath: string, image: ProgramImage): Promise<void> {
  const { program, folders, applets = [] } = image;
  const root = mkdtempSync(join(folder, 'program-'));
  const linked = (await run('ldd', [program])).match(/\/\S+/g) ?? [];
  for (const file of linked) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
  for (const one of ['bin', ...folders]) mkdirSync(join(root, one), { recursive: true });
  copyFileSync(program, join(root, 'bin', basename(program)));
  if (applets.length > 0) copyFileSync(toolPath('MOORING_BUSYBOX'), join(root, 'bin', 'busybox'));
  for (const applet of applets) symlinkSync('busybox', join(root, 'bin', applet));
  const tar = `${root}.tar`;
  await run('tar', ['-C', root, '-cf', tar, '.']);
  rmSync(root, { recursive: true });
  await importImage(socketPath, tar, image);
}
