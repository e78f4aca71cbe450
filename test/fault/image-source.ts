import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { IMAGES, importImage } from '../support/images.ts';
import { HUB_ADDRESS } from '../support/network.ts';
import { Program } from '../support/program.ts';
import { Registry } from '../support/registry.ts';
import { run } from '../support/run.ts';
import { must } from './row.ts';
import { REFUSING_PORT, REGISTRY_PORT, type Stage } from './stage.ts';

/** A registry with one image, which no host has. */
export interface ImageSource {
  readonly registry: Registry;
  readonly image: string;
  /** File of the registry in which the image's only layer is. */
  readonly layer: string;
}

/** Starts a registry that sells an image of about that size, as long as the row lasts. */
export async function imageSource(stage: Stage, bytes: number): Promise<ImageSource> {
  const { fleet, web2 } = stage;
  const folder = mkdtempSync(join(fleet.folder.path, 'registry-'));
  const registry = new Registry({ folder, network: fleet.network, port: REGISTRY_PORT });
  await registry.start();
  stage.after(() => registry.stop());
  const tar = join(folder, 'image.tar');
  copyFileSync(join(fleet.folder.path, 'rootfs.tar'), tar);
  // By chance, so that it is neither made smaller nor known from an earlier row.
  writeFileSync(join(folder, 'content'), randomBytes(bytes));
  await run('tar', ['-C', folder, '-rf', tar, 'content']);
  const changes = IMAGES.find(({ repo, tag }) => repo === 'local/plain' && tag === '1')?.changes ?? [];
  await importImage(web2.engine.socket, tar, { repo: 'local/sold', tag: '1', changes });
  await registry.push(web2.engine.docker, 'local/sold:1', ['app', '1']);
  await web2.engine.docker.getImage('local/sold:1').remove();
  rmSync(tar);
  return { registry, image: `${registry.name}/app:1`, layer: largestFile(join(folder, 'data')) };
}

/** Turns one bit in the middle of a file. */
export function damage(file: string): void {
  const bytes = readFileSync(file);
  const middle = bytes.byteLength >> 1;
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  writeFileSync(file, bytes);
}

/** A registry that refuses every image by its first name: 401, 403, 404, or 429 and asks to be left alone for so long. Runs as long as the row. */
export async function refusingRegistry(stage: Stage, seconds: number): Promise<RefusingRegistry> {
  const { fleet } = stage;
  const program = new Program({
    namespace: fleet.network.hub,
    command: process.execPath,
    args: [join(import.meta.dirname, 'refusing-registry.mjs'), HUB_ADDRESS, String(REFUSING_PORT), String(seconds)],
    log: join(fleet.folder.path, 'refusing-registry.log'),
  });
  stage.after(() => program.stop());
  await eventually('the registry that refuses listens', () => must(program.output.includes('ready'), program.output));
  return new RefusingRegistry(program);
}

/** What was asked of a registry that refuses. */
export class RefusingRegistry {
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  imageOf(status: number): string {
    return `${HUB_ADDRESS}:${REFUSING_PORT}/${status}/app:1`;
  }

  /** Unix milliseconds of every question that was answered with that status, the oldest first. */
  refusals(status: number): readonly number[] {
    const lines = this.#program.output.split('\n').map((line) => line.split(' '));
    return lines.filter(([, told]) => told === String(status)).map(([at]) => Number(at));
  }
}

function largestFile(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sized = files
    .map(({ parentPath, name }) => join(parentPath, name))
    .map((path) => ({ path, size: statSync(path).size }));
  return sized.sort((a, b) => b.size - a.size)[0]?.path ?? '';
}
