import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { APPLICATIONS_ENGINE } from '../support/applications.ts';
import { Engine, type EngineVersion } from '../support/engine.ts';
import { type Image, importImage, importImages, makeRootFileSystem, SLEEPING } from '../support/images.ts';
import { startNetwork } from '../support/network.ts';
import { makeRunFolder, removeRunFolder } from '../support/run-folder.ts';
import { toolPath } from '../support/tools.ts';
import type { Stage } from './both.ts';

/** What a comparison runs on; what is not named is the project's own. */
export interface StageOptions {
  /** Socket of an engine that runs already. */
  readonly engine?: string | undefined;
  /** Path of docker compose. */
  readonly oracle?: string | undefined;
  /** Version of the private engine. */
  readonly version?: EngineVersion;
}

/** A place to compare in, which ends with `close`. */
export interface OpenStage extends Stage {
  close(): Promise<void>;
}

/** Opens a place to compare in. What was started is removed again when a part fails. */
export async function openStage({ engine, oracle, version = '28' }: StageOptions = {}): Promise<OpenStage> {
  const folder = await makeRunFolder();
  const closing = [() => removeRunFolder(folder.path)];
  const close = async () => {
    for (const one of closing) await one();
  };
  try {
    const compose = oracle ?? toolPath('MOORING_COMPOSE_40');
    const tar = await makeRootFileSystem(folder.path);
    const socket = engine ?? (await startEngine());
    const docker = new Docker({ socketPath: socket });
    const provided: string[] = [];
    // A foreign engine is left as it was found.
    closing.unshift(async () => {
      for (const image of provided) await docker.getImage(image).remove({ force: true });
    });
    const work = join(folder.path, 'work');
    mkdirSync(work);
    const provide = async (image: string) => {
      await importImage(socket, tar, standIn(image));
      provided.push(image);
    };
    return { docker, socket, oracle: compose, folder: work, provide, close };
  } catch (error) {
    await close();
    throw error;
  }

  async function startEngine(): Promise<string> {
    const network = await startNetwork(folder, 1);
    closing.unshift(() => network.close());
    const started = new Engine({
      folder: join(folder.path, 'engine'),
      namespace: network.host(0).namespace,
      version,
      configuration: APPLICATIONS_ENGINE,
    });
    closing.unshift(() => started.close());
    await started.start();
    await importImages(started.socket, join(folder.path, 'rootfs.tar'));
    return started.socket;
  }
}

/** An image of busybox under another's name. */
function standIn(reference: string): Image {
  const at = reference.lastIndexOf(':');
  if (reference.includes('@'))
    throw new Error(
      `Cannot stand in for ${reference}: a digest names one content; a tag is wanted, or the image on the engine`,
    );
  const isTagged = at > reference.lastIndexOf('/');
  return {
    repo: isTagged ? reference.slice(0, at) : reference,
    tag: isTagged ? reference.slice(at + 1) : 'latest',
    changes: SLEEPING,
  };
}
