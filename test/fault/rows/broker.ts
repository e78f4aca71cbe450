import { chmodSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { must, type Row } from '../row.ts';
import { SmallDisk } from '../small-disk.ts';
import type { Stage } from '../stage.ts';

const BLOCK = /\.blk$/;

function storeOf(stage: Stage): string {
  return join(stage.fleet.data, 'broker', 'jetstream');
}

/** Another broker runs than that one. */
async function anotherBroker(stage: Stage, pid: number): Promise<void> {
  await eventually('the hub starts another one', () => {
    const next = stage.brokerPid();
    must(next !== pid && isRunning(next), `process ${next}`);
  });
}

function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('nats.conf');
  } catch {
    // It ended.
    return false;
  }
}

async function brokerProblem(stage: Stage): Promise<string> {
  return await eventually('status says it', async () => {
    const { stdout } = await stage.fleet.mooring('doctor');
    const line = stdout.split('\n').find((text) => /WRONG +broker/.test(text));
    must(line !== undefined, stdout);
    return line.trim();
  });
}

async function contentBroker(stage: Stage): Promise<void> {
  await eventually('the hub is content with its broker', async () => {
    const { stdout } = await stage.fleet.mooring('doctor');
    must(/ok +broker/.test(stdout), stdout);
  });
}

async function killed(stage: Stage) {
  const pid = stage.brokerPid();
  await stage.untouched(async () => {
    process.kill(pid, 'SIGKILL');
    await anotherBroker(stage, pid);
    await contentBroker(stage);
  });
  await stage.arrived(stage.commit());
  return {
    injected: `SIGKILL of process ${pid}`,
    observed: `process ${stage.brokerPid()} in its place, nothing touched, the next commit arrives`,
  };
}

/** Stopped first, so that nothing is written while its store is changed; then killed. */
async function withBrokenStore(stage: Stage, change: (store: string) => string) {
  const pid = stage.brokerPid();
  const before = await stage.view(stage.web1);
  let changed = '';
  await stage.untouched(async () => {
    process.kill(pid, 'SIGSTOP');
    changed = change(storeOf(stage));
    process.kill(pid, 'SIGKILL');
    await anotherBroker(stage, pid);
    await contentBroker(stage);
    await stage.well();
  });
  const after = await stage.view(stage.web1);
  must(after.assignedGeneration === before.assignedGeneration, 'the generation is another');
  await stage.arrived(stage.commit());
  return {
    injected: changed,
    observed: `filled again, generation ${before.assignedGeneration} stays, the next commit arrives`,
  };
}

const storeDeleted = (stage: Stage) =>
  withBrokenStore(stage, (store) => {
    rmSync(store, { recursive: true });
    return 'store deleted';
  });

const storeCut = (stage: Stage) =>
  withBrokenStore(stage, (store) => {
    const blocks = readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((name) => BLOCK.test(name));
    must(blocks.length > 0, 'the store has no blocks');
    for (const name of blocks) truncateSync(join(store, name), 64);
    return `${blocks.length} blocks cut to 64 bytes`;
  });

async function storeFull(stage: Stage) {
  const { fleet } = stage;
  await fleet.hub?.stop();
  const disk = await SmallDisk.under(storeOf(stage), { kind: 'tmpfs', mib: 16 });
  stage.after(async () => {
    await fleet.hub?.stop();
    await disk.close();
    await fleet.startHub();
  });
  await fleet.startHub();
  await stage.well();
  await disk.fill(0);
  const commit = stage.commit();
  await stage.arrived(commit);
  const said = await brokerProblem(stage);
  must(disk.freeBytes === 0, `${disk.freeBytes} bytes are free`);
  disk.empty();
  await stage.arrived(stage.commit());
  await contentBroker(stage);
  return {
    injected: 'no byte free for its store',
    observed: `the commit arrives over gRPC; doctor: ${said.slice(0, 120)}; content once there is room`,
  };
}

async function hangs(stage: Stage) {
  const pid = stage.brokerPid();
  process.kill(pid, 'SIGSTOP');
  stage.after(() => {
    if (isRunning(pid)) process.kill(pid, 'SIGCONT');
  });
  const commit = stage.commit();
  await stage.arrived(commit);
  const said = await brokerProblem(stage);
  process.kill(pid, 'SIGCONT');
  await contentBroker(stage);
  await stage.arrived(stage.commit());
  return {
    injected: `SIGSTOP of process ${pid}`,
    observed: `the commit arrives over gRPC; doctor: ${said.slice(0, 90)}`,
  };
}

async function badReload(stage: Stage) {
  const pid = stage.brokerPid();
  const file = join(stage.fleet.data, 'broker', 'nats.conf');
  const good = readFileSync(file, 'utf8');
  stage.after(() => writeFileSync(file, good));
  await stage.untouched(async () => {
    writeFileSync(file, `${good}\nthis is { no configuration\n`);
    process.kill(pid, 'SIGHUP');
    await eventually('it refuses the configuration', () =>
      must(/Failed to reload/i.test(stage.fleet.hub?.output ?? ''), (stage.fleet.hub?.output ?? '').slice(-500)),
    );
  });
  must(stage.brokerPid() === pid && isRunning(pid), 'the broker is another');
  await stage.arrived(stage.commit());
  return {
    injected: 'configuration that is none, SIGHUP',
    observed: 'refused and logged by the hub; the old one stays in force',
  };
}

async function oldVersion(stage: Stage) {
  const { fleet } = stage;
  const program = join(fleet.folder.path, 'old-nats-server');
  writeFileSync(program, '#!/bin/sh\necho "nats-server: v2.9.10"\n');
  chmodSync(program, 0o755);
  stage.usualHubAfter();
  await fleet.hub?.stop();
  const refused = await fleet.startHub('--nats-server', program).then(
    () => 'started',
    () => fleet.hub?.output ?? '',
  );
  must(refused.includes('BROKER_UNSUPPORTED'), refused);
  return { injected: 'a nats-server that says 2.9.10', observed: refused.trim().split('\n')[0]?.slice(0, 140) ?? '' };
}

export const BROKER_ROWS: readonly Row[] = [
  { number: 35, part: 'broker', fault: 'kill -9', run: killed },
  { number: 36, part: 'broker', fault: 'store deleted', run: storeDeleted },
  { number: 37, part: 'broker', fault: 'store cut', run: storeCut },
  { number: 38, part: 'broker', fault: 'store has no room', run: storeFull },
  { number: 39, part: 'broker', fault: 'hangs', run: hangs },
  { number: 40, part: 'broker', fault: 'reload of a bad configuration', run: badReload },
  { number: 42, part: 'broker', fault: 'too old', run: oldVersion },
];
