import { importProgram } from './program-image.ts';
import { toolPath } from './tools.ts';

/** The image of a nats-server. */
export const NATS_IMAGE = 'local/nats:1';

/** Makes an image of the nats-server that the tests use anyway. */
export async function importNatsImage(folder: string, socketPath: string): Promise<void> {
  const [repo = '', tag = ''] = NATS_IMAGE.split(':');
  await importProgram(folder, socketPath, {
    repo,
    tag,
    program: toolPath('MOORING_NATS_SERVER'),
    folders: ['etc/nats'],
    changes: ['WORKDIR /etc/nats', 'ENTRYPOINT ["/bin/nats-server"]', 'EXPOSE 4222/tcp'],
  });
}
