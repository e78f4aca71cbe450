/** The demo: one hub, its broker, and this machine as the only host, moored to a repository that is made for it. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { ensureImage } from './image.ts';
import { HOST, PLACES, ROOT, STACK } from './places.ts';
import { command, commandInSight, commandJson, start, stop } from './programs.ts';
import { ensureRepository, publishedPort } from './repository.ts';
import { demoProcesses, endDemo } from './running.ts';

// The hub needs a second or two to open its store, its broker and its ports.
const HUB_DEADLINE_MS = 30_000;
const WAIT_TIMEOUT = '120s';

const engineSocket = (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
const running: ChildProcess[] = [];
let stopping: Promise<void> | undefined;

async function main(): Promise<void> {
  if (demoProcesses().some(({ leads }) => leads))
    throw new Error('it runs already in another terminal; `npm run clean` ends and removes it');
  // A demo that was killed leaves its hub and its agent behind.
  await endDemo();
  mkdirSync(PLACES.demo, { recursive: true, mode: 0o700 });
  await ensureImage(new Docker({ socketPath: engineSocket }), process.env['MOORING_BUSYBOX'] ?? '/bin/busybox');
  ensureRepository(await freePort(8080));
  say('Starting the hub and its broker.');
  await startHub();
  say('Starting the agent of this machine.');
  await startAgent();
  say('Waiting until the stack runs.');
  const code = await commandInSight('mooring', ['wait', '--timeout', WAIT_TIMEOUT]);
  const status = (await command('mooring', ['status'])).trimEnd();
  if (code !== 0) throw new Error(`the stack does not run within ${WAIT_TIMEOUT}:\n\n${status}\n`);
  say('', status, '', whatNext());
  running.push(start('mooring', ['events', '--follow', '--limit', '1']));
}

async function startHub(): Promise<void> {
  if (!existsSync(join(PLACES.hub, 'fleet.json'))) {
    await command('mooring', [
      'init',
      '--data',
      PLACES.hub,
      '--fleet',
      'demo',
      '--address',
      '127.0.0.1',
      '--port',
      '0',
    ]);
  }
  const nats = process.env['MOORING_NATS_SERVER'] ?? 'nats-server';
  const options = [
    '--data',
    PLACES.hub,
    '--repo',
    PLACES.repository,
    '--branch',
    'main',
    '--poll',
    '2s',
    '--nats-server',
    nats,
  ];
  const hub = start('mooring', ['hub', ...options], PLACES.hubLog);
  running.push(hub);
  writeFileSync(PLACES.context, `${JSON.stringify({ socket: PLACES.socket })}\n`, { mode: 0o600 });
  const deadline = Date.now() + HUB_DEADLINE_MS;
  while (!(await answers())) {
    if (hub.exitCode !== null || Date.now() > deadline) throw new Error(`the hub did not start; see ${PLACES.hubLog}`);
    await delay(100);
  }
}

async function answers(): Promise<boolean> {
  if (!existsSync(PLACES.socket)) return false;
  // Not yet is an answer here; the caller's deadline ends the asking.
  return command('mooring', ['version', '-o', 'json'])
    .then(() => command('mooring', ['status']))
    .then(
      () => true,
      () => false,
    );
}

async function startAgent(): Promise<void> {
  if (!existsSync(join(PLACES.agent, 'identity'))) {
    const { join: joinString } = await commandJson('mooring', ['invite', HOST, '--label', 'role=demo']);
    await command('mooring-agent', ['join', String(joinString), '--data', PLACES.agent]);
  }
  running.push(start('mooring-agent', ['run', '--data', PLACES.agent, '--docker', engineSocket], PLACES.agentLog));
}

function whatNext(): string {
  const repository = relative(ROOT, PLACES.repository);
  const url = `http://127.0.0.1:${publishedPort()}/`;
  return [
    `It answers:  ${url}  and  ${url}cgi-bin/greeting`,
    '',
    'Try, in a second terminal in this folder:',
    `  npx mooring status`,
    `  sed -i s/Hello/Ahoy/ ${repository}/fleet.yaml`,
    `  git -C ${repository} commit -qam Ahoy && npx mooring sync && npx mooring wait`,
    `  docker rm -f ${STACK}-web-1          # the agent puts it back`,
    `  npx mooring drift                    # what is not as Git says`,
    `  npx mooring host ${HOST}`,
    '',
    'Ctrl-C stops the hub and the agent; what runs keeps running.',
    '`npm run clean` removes every trace.',
    'Events as they come:',
  ].join('\n');
}

function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => (wanted === 0 ? reject(error) : resolve(freePort(0))));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : wanted));
    });
  });
}

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Ends everything in reverse order: what was started last depends on what was started first. */
function stopAll(): Promise<void> {
  stopping ??= (async () => {
    for (const child of running.reverse()) await stop(child);
  })();
  return stopping;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping === undefined) say('', 'Stopping.');
    void stopAll().then(() => process.exit(0));
  });
}

try {
  await main();
} catch (error) {
  if (stopping === undefined) {
    process.stderr.write(`The demo could not start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`Logs: ${PLACES.hubLog}, ${PLACES.agentLog}\n`);
    process.exitCode = 1;
  }
  await stopAll();
}
