import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { importImage } from './images.ts';
import { run } from './run.ts';
import { toolPath } from './tools.ts';

/** The image of a nats-server. */
export const NATS_IMAGE = 'local/nats:1';

/** Makes an image of the nats-server that the tests use anyway: the program and the libraries that it is linked with. */
export async function importNatsImage(folder: string, socketPath: string): Promise<void> {
  const root = mkdtempSync(join(folder, 'nats-'));
  const server = toolPath('MOORING_NATS_SERVER');
  const linked = (await run('ldd', [server])).match(/\/\S+/g) ?? [];
  for (const file of linked) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    copyFileSync(file, join(root, file));
  }
  mkdirSync(join(root, 'etc', 'nats'), { recursive: true });
  mkdirSync(join(root, 'bin'));
  copyFileSync(server, join(root, 'bin', basename(server)));
  const tar = `${root}.tar`;
  await run('tar', ['-C', root, '-cf', tar, '.']);
  rmSync(root, { recursive: true });
  const [repo = '', tag = ''] = NATS_IMAGE.split(':');
  const changes = ['WORKDIR /etc/nats', 'ENTRYPOINT ["/bin/nats-server"]', 'EXPOSE 4222/tcp'];
  await importImage(socketPath, tar, { repo, tag, changes });
}
