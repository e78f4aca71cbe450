import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';

/** A process that stands for the broker: it does nothing until it is ended. */
const BROKER = 'setInterval(() => undefined, 1000)';
/** A process that stands for the hub: it watches over the broker, and calls it off when told to. */
const HUB = `
  const [module, pid, configFile] = process.argv.slice(1);
  const { watchBroker } = await import(module);
  const callOff = watchBroker({ pid: Number(pid), configFile, log: console });
  process.stdout.write('watching');
  process.stdin.once('data', () => { callOff(); process.stdin.pause(); });
`;
const MODULE = new URL('./broker-watch.ts', import.meta.url).href;

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function startBroker(configFile: string): ChildProcess {
  const broker = spawn(process.execPath, ['-e', BROKER, configFile], { stdio: 'ignore' });
  started.push(broker);
  return broker;
}

async function startHub(broker: ChildProcess, configFile: string) {
  const args = ['--input-type=module', '-e', HUB, MODULE, String(broker.pid), configFile];
  const hub = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(hub);
  await once(hub.stdout, 'data');
  return hub;
}

test('a hub that is killed with -9 takes its broker with it', async () => {
  const broker = startBroker('/tmp/one/nats.conf');
  const hub = await startHub(broker, '/tmp/one/nats.conf');
  const ended = once(broker, 'exit');
  hub.kill('SIGKILL');
  expect(await ended).toEqual([null, 'SIGTERM']);
});

test('a hub that calls the watch off leaves the broker alone, and its end waits for nobody', async () => {
  const broker = startBroker('/tmp/two/nats.conf');
  const hub = await startHub(broker, '/tmp/two/nats.conf');
  const ended = once(hub, 'exit');
  hub.stdin.end('stop');
  expect(await ended).toEqual([0, null]);
  // A watch that was not called off would have ended it: the next one does, on the same process.
  const next = await startHub(broker, '/tmp/two/nats.conf');
  expect([broker.exitCode, broker.signalCode]).toEqual([null, null]);
  const gone = once(broker, 'exit');
  next.kill('SIGKILL');
  await gone;
});

test('another process that has the id of the broker is left alone', async () => {
  const other = startBroker('/tmp/another/nats.conf');
  const hub = await startHub(other, '/tmp/three/nats.conf');
  hub.kill('SIGKILL');
  await once(hub, 'exit');
  const witness = startBroker('/tmp/four/nats.conf');
  const second = await startHub(witness, '/tmp/four/nats.conf');
  const ended = once(witness, 'exit');
  second.kill('SIGKILL');
  await ended;
  expect([other.exitCode, other.signalCode]).toEqual([null, null]);
});
