import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { IMAGE } from './places.ts';

const APPLETS = ['sh', 'httpd', 'wget', 'mkdir', 'echo', 'sleep', 'cat', 'printf', 'ls', 'ps'];

/** Serves a folder on port 8080. As the first process of a container httpd itself would take no notice of SIGTERM, and hold up every change. */
const SERVE = `#!/bin/sh
trap 'exit 0' TERM
httpd -f -p 8080 -h "$1" &
wait
`;

/** Makes the example's image from this machine's static busybox, unless the engine has it. */
export async function ensureImage(docker: Docker, busybox: string): Promise<void> {
  const name = `${IMAGE.repository}:${IMAGE.tag}`;
  const images = await docker.listImages({ filters: { reference: [name] } });
  if (images.length > 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'mooring-demo-'));
  try {
    for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(folder, name));
    copyFileSync(busybox, join(folder, 'bin', 'busybox'));
    for (const applet of APPLETS) symlinkSync('busybox', join(folder, 'bin', applet));
    writeFileSync(join(folder, 'bin', 'serve'), SERVE, { mode: 0o755 });
    writeFileSync(join(folder, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\n');
    const tar = spawn('tar', ['-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stream = await docker.importImage(tar.stdout, {
      repo: IMAGE.repository,
      tag: IMAGE.tag,
      changes: 'ENV PATH=/bin',
    });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
