import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CONTRACT_IMAGE, type ContractSubject, ENGINE_CONTRACT, openEngine } from '@mooring/agent';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { Engine, type EngineVersion } from '../support/engine.ts';
import { importImage, makeRootFileSystem } from '../support/images.ts';
import { type Network, startNetwork } from '../support/network.ts';
import { makeRunFolder, type RunFolder, removeRunFolder } from '../support/run-folder.ts';

describe.each<EngineVersion>(['26', '28'])('engine %s', (version) => {
  let folder: RunFolder;
  let network: Network;
  let engine: Engine;
  let subject: ContractSubject;

  beforeAll(async () => {
    folder = await makeRunFolder();
    network = await startNetwork(folder, 1);
    const { namespace } = network.host(0);
    const engineFolder = join(folder.path, 'engine');
    mkdirSync(engineFolder);
    engine = new Engine({ folder: engineFolder, namespace, version });
    await engine.start();
    await importImage(engine.socket, await makeRootFileSystem(folder.path), CONTRACT_IMAGE);
    subject = {
      engine: await openEngine(engine.socket),
      pause: async (container) => {
        await engine.docker.getContainer(container).pause();
      },
      tag: async (image, tag) => {
        const [repo = '', name = ''] = tag.split(':');
        await engine.docker.getImage(image).tag({ repo, tag: name });
      },
    };
  });

  afterAll(async () => {
    await engine?.close();
    await network?.close();
    if (folder !== undefined) await removeRunFolder(folder.path);
  });

  test.each(ENGINE_CONTRACT)('$name', ({ holds }) => holds(subject));
});
