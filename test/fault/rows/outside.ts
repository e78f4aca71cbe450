import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { Program } from '../../support/program.ts';
import { finish, run } from '../../support/run.ts';
import { ROOT } from '../../support/tools.ts';
import { sentAndStored } from '../outboxes.ts';
import { must, type Row } from '../row.ts';
import { APP, CALM, type Stage } from '../stage.ts';

/** Within which the CLI says that nobody is there. */
const TOLD_WITHIN_MS = 5_000;
/** More than there are cores. */
const BURNERS = 4;
const LOOKS = 20;

async function hubDown(stage: Stage) {
  const { fleet } = stage;
  await fleet.hub?.stop();
  stage.after(() => fleet.startHub());
  const began = performance.now();
  const { code, stderr } = await fleet.mooring('status');
  const tookMs = performance.now() - began;
  must(code === 4 && stderr.includes('HUB_UNREACHABLE') && !stderr.includes('    at '), `${code}: ${stderr}`);
  must(tookMs < TOLD_WITHIN_MS, `after ${tookMs} ms`);
  return {
    injected: 'no hub',
    observed: `exit 4 after ${(tookMs / 1000).toFixed(1)} s: ${stderr.split('\n')[0]?.slice(0, 100)}`,
  };
}

async function pipeClosed(stage: Stage) {
  const mooring = join(ROOT, 'hub', 'bin', 'mooring.js');
  const command = `"$0" "$1" --hub "unix:$2/hub.sock" events --limit 1000 | head -n 1`;
  const { code, stdout, stderr } = await finish('sh', ['-c', command, process.execPath, mooring, stage.fleet.data]);
  must(code === 0 && stdout.split('\n').length === 2, `${code}: ${stdout}`);
  must(stderr === '', stderr);
  return { injected: '| head -n 1', observed: 'one line, nothing on stderr' };
}

/** The state as a power cut leaves it: copied in one moment of a life that goes on no further. */
async function powerLoss(stage: Stage) {
  const { web1, fleet } = stage;
  const copy = `${web1.data}.power`;
  stage.commit();
  await stage.removeByHand(web1, CALM);
  await stage.logged(web1, /assignment accepted/);
  web1.agent?.signal('SIGSTOP');
  await run('cp', ['-a', web1.data, copy]);
  await web1.agent?.kill();
  rmSync(web1.data, { recursive: true });
  renameSync(copy, web1.data);
  web1.startAgent();
  await stage.arrived(fleet.repository.head());
  await stage.running(web1, CALM);
  await eventually('all is stored', () => {
    const { missing, stored } = sentAndStored(fleet, web1);
    must(missing.length === 0 && new Set(stored).size === stored.length, `missing ${missing.join()}`);
  });
  return {
    injected: 'its folder as it was at one moment of an apply',
    observed: 'goes on from there; each event stored once',
  };
}

async function cloned(stage: Stage) {
  const { web1, fleet } = stage;
  const copy = join(fleet.folder.path, 'cloned');
  const machine = join(fleet.folder.path, 'machine-id');
  await run('cp', ['-a', web1.data, copy]);
  rmSync(join(copy, 'agent.lock'), { force: true });
  writeFileSync(machine, 'c10ed000000000000000000000000000\n');
  const agent = join(ROOT, 'agent', 'bin', 'mooring-agent.js');
  const script = 'mount --bind "$0" /etc/machine-id && exec "$@"';
  const program = [process.execPath, agent, 'run', '--data', copy, '--docker', '/nowhere.sock'];
  // The copy speaks from the network of web-1, and has no engine that it may touch.
  const clone = new Program({
    namespace: web1.namespace,
    command: 'unshare',
    args: ['-m', 'sh', '-c', script, machine, ...program],
    log: join(fleet.folder.path, 'clone.log'),
  });
  stage.after(async () => {
    await clone.kill();
    rmSync(copy, { recursive: true, force: true });
  });
  const message = await eventually('the hub tells it', async () => {
    const event = (await fleet.events()).find(({ kind }) => kind === 'identity.cloned');
    must(event !== undefined, clone.output.slice(-500));
    return event.message;
  });
  await clone.kill();
  await stage.restartAgent(web1);
  return { injected: 'its folder on another machine (by its id)', observed: message };
}

async function busy(stage: Stage) {
  const burners = Array.from(
    { length: BURNERS },
    (_, index) =>
      new Program({
        command: process.execPath,
        args: ['-e', 'for (;;);'],
        log: join(stage.fleet.folder.path, `burner-${index}.log`),
      }),
  );
  const stop = async () => {
    for (const burner of burners) await burner.kill();
  };
  stage.after(stop);
  for (let look = 0; look < LOOKS; look += 1) {
    for (const host of stage.fleet.hosts)
      must((await stage.view(host)).online, `${host.name} is offline at look ${look}`);
  }
  must(
    burners.every(({ running }) => running),
    'a burner ended',
  );
  await stop();
  return { injected: `${BURNERS} processes that only compute`, observed: `both hosts online in ${LOOKS} looks` };
}

/** What opens everything that is sealed for a host: without it nothing new is taken, and what runs is left alone. */
async function keyLost(stage: Stage) {
  const { web1, web2 } = stage;
  const file = join(web1.data, 'identity', 'data.key');
  const good = readFileSync(file);
  const put = (key: Buffer | undefined) => {
    rmSync(file, { force: true });
    if (key !== undefined) writeFileSync(file, key, { mode: 0o400 });
  };
  stage.after(() => put(good));
  const { said, refusal } = await stage.untouched(async () => {
    await web1.agent?.kill();
    put(undefined);
    web1.startAgent();
    await eventually('it ends without its key', () => must(web1.agent?.running === false, 'it runs'));
    const line = web1.agent?.output.split('\n').find((text) => text.includes('data.key')) ?? '';
    must(line !== '', `its file is not named: ${web1.agent?.output.slice(-500)}`);
    put(randomBytes(good.byteLength));
    web1.startAgent();
    const view = await stage.seen(web1, 'a refusal', ({ state }) => state?.refusal?.code === 'ASSIGNMENT_SEAL');
    return { said: line, refusal: view.state?.refusal?.message ?? '' };
  }, [web1]);
  const next = stage.commit();
  await stage.runs(web2, stage.version);
  for (const name of [APP, CALM]) await stage.running(web1, name);
  put(good);
  await stage.restartAgent(web1);
  await stage.arrived(next);
  return {
    injected: "the host's data key removed, then another in its place",
    observed: `${said.trim().slice(0, 130)}; ${refusal.slice(0, 110)}; everything runs on; the next commit arrives with the right one`,
  };
}

export const OUTSIDE_ROWS: readonly Row[] = [
  { number: 78, part: 'cli', fault: 'hub down', run: hubDown },
  { number: 79, part: 'cli', fault: 'output closed', run: pipeClosed },
  { number: 82, part: 'host', fault: 'power loss', run: powerLoss },
  { number: 83, part: 'host', fault: 'cloned with its identity', run: cloned },
  { number: 84, part: 'load', fault: 'cores busy', run: busy },
  { number: 85, part: 'secrets', fault: 'key of the host missing or wrong', run: keyLost },
];
