import { copyFileSync, createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { run } from './run.ts';
import { toolPath } from './tools.ts';

/** An image: its name, and what it adds to its files. */
export interface Image {
  readonly repo: string;
  readonly tag: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
}

/** As the first process of a container a program that catches no signal takes no notice of SIGTERM, and every stop would wait for its grace period. */
const stoppable = (command: string) => `CMD ["/bin/sh","-c","trap 'exit 143' TERM INT QUIT; ${command} & wait"]`;

/** An image that does nothing until it is stopped. */
export const SLEEPING: readonly string[] = ['ENV PATH=/bin', stoppable('sleep 3600')];

/** Images that tests use, all made from busybox: `plain` sleeps, `web` answers its version on port 8080. */
export const IMAGES: readonly Image[] = [
  { repo: 'local/plain', tag: '1', changes: SLEEPING },
  { repo: 'local/plain', tag: '2', changes: ['ENV PATH=/bin', 'ENV VERSION=2', stoppable('sleep 3600')] },
  {
    repo: 'local/web',
    tag: '1',
    changes: ['ENV PATH=/bin', stoppable('httpd -f -p 8080 -h /var/www'), 'EXPOSE 8080/tcp'],
  },
];

/** Makes the tar of a root file system with busybox's applets, once for a run. */
export async function makeRootFileSystem(folder: string): Promise<string> {
  const root = mkdtempSync(join(folder, 'rootfs-'));
  const busybox = toolPath('MOORING_BUSYBOX');
  for (const name of ['bin', 'etc', 'tmp', 'var/www', 'proc', 'sys', 'dev', 'data'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(busybox, join(root, 'bin', 'busybox'));
  for (const applet of (await run(busybox, ['--list'])).split('\n')) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  }
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  writeFileSync(join(root, 'var', 'www', 'index.html'), 'hello\n');
  const tar = join(folder, 'rootfs.tar');
  await run('tar', ['-C', root, '-cf', tar, '.']);
  rmSync(root, { recursive: true });
  return tar;
}

/** Imports the images into the engine behind a socket. */
export async function importImages(socketPath: string, tar: string): Promise<void> {
  for (const image of IMAGES) await importImage(socketPath, tar, image);
}

/** Imports one image into the engine behind a socket. */
export async function importImage(socketPath: string, tar: string, { repo, tag, changes }: Image): Promise<void> {
  const query = new URLSearchParams({ fromSrc: '-', repo, tag });
  for (const change of changes) query.append('changes', change);
  await post(socketPath, `/images/create?${query}`, tar);
}

// The client library escapes a query twice, and repeats no parameter.
function post(socketPath: string, path: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sending = request(
      { socketPath, path, method: 'POST', headers: { 'Content-Type': 'application/x-tar' } },
      (answer) => {
        let text = '';
        answer.on('data', (data) => {
          text += data;
        });
        answer.on('end', () =>
          answer.statusCode === 200 && !text.includes('"error"')
            ? resolve()
            : reject(new Error(`POST ${path}: ${text}`)),
        );
      },
    );
    sending.once('error', reject);
    createReadStream(file).pipe(sending);
  });
}
