import { readdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import type { TestHost } from '../../support/fleet.ts';
import { must, type Row } from '../row.ts';
import { SmallDisk } from '../small-disk.ts';
import { APP, CALM, type Stage } from '../stage.ts';

/** Beyond what the agent has on disk: room for a while of normal work. */
const ROOM_MIB = 32;
/** Heartbeats over which a problem must stay in sight. */
const BEATS = 6;

const isFull = ({ state }: { state?: { problem?: { code: string } } }) => state?.problem?.code === 'DISK_FULL';

async function onSmallDisk(stage: Stage, host: TestHost, kind: 'tmpfs' | 'ext4'): Promise<SmallDisk> {
  await host.agent?.stop();
  const disk = await SmallDisk.under(host.data, { kind, mib: ROOM_MIB });
  stage.after(async () => {
    await host.agent?.stop();
    await disk.close();
    host.startAgent();
  });
  host.startAgent();
  await stage.well();
  return disk;
}

/** What is wrong stays in sight, however many small writes work meanwhile. */
async function staysInSight(stage: Stage, host: TestHost): Promise<void> {
  let newest = await stage.seen(host, 'DISK_FULL', isFull);
  for (let beat = 0; beat < BEATS; beat += 1) {
    const { lastSeenAgeMs } = newest;
    newest = await stage.seen(host, 'seen again', (view) => Number(view.lastSeenAgeMs) !== Number(lastSeenAgeMs));
    must(isFull(newest), `after ${beat} more looks the problem is gone: ${JSON.stringify(newest.state?.problem)}`);
  }
}

/** A commit while the disk takes nothing: refused here, taken elsewhere; drift is healed. */
async function refusesAndHeals(stage: Stage): Promise<string> {
  const { web1, web2 } = stage;
  const before = (await stage.view(web1)).state?.acceptedGeneration;
  const commit = stage.commit();
  await stage.runs(web2, stage.version);
  await staysInSight(stage, web1);
  must((await stage.view(web1)).state?.acceptedGeneration === before, 'it accepted all the same');
  await stage.heals(web1, CALM);
  return commit;
}

async function full(stage: Stage) {
  const { web1 } = stage;
  const disk = await onSmallDisk(stage, web1, 'tmpfs');
  await disk.fill(0);
  must(disk.freeBytes === 0, `${disk.freeBytes} bytes are free`);
  const first = await refusesAndHeals(stage);
  await web1.agent?.kill();
  web1.startAgent();
  await stage.logged(web1, /connected to the hub/);
  await stage.heals(web1, APP);
  await staysInSight(stage, web1);
  disk.empty();
  await stage.arrived(first);
  const { state } = await stage.seen(web1, 'no problem', (view) => view.state?.problem === undefined);
  return {
    injected: '0 bytes free',
    observed: `DISK_FULL in sight throughout, nothing accepted, healed, started again while full; generation ${state?.acceptedGeneration} once there was room`,
  };
}

async function readOnly(stage: Stage) {
  const { web1 } = stage;
  const disk = await onSmallDisk(stage, web1, 'ext4');
  await disk.breakDisk();
  const first = await refusesAndHeals(stage);
  await web1.agent?.kill();
  web1.startAgent();
  await stage.logged(web1, /connected to the hub/);
  await staysInSight(stage, web1);
  await stage.heals(web1, APP);
  const second = await web1.run('run', '--docker', web1.agentSocket);
  must(second.code === 1 && second.stderr.includes('STATE_LOCKED'), `a second agent: ${second.code} ${second.stderr}`);
  await web1.agent?.stop();
  await disk.repair();
  web1.startAgent();
  await stage.arrived(first);
  await stage.seen(web1, 'no problem', (view) => view.state?.problem === undefined);
  return {
    injected: 'ext4 with an error: read-only while in use',
    observed:
      'DISK_FULL in sight, nothing accepted, healed, started again, one agent only; goes on once it can be written',
  };
}

function acceptedFiles(host: TestHost): string[] {
  const folder = join(host.data, 'state');
  return readdirSync(folder)
    .filter((name) => name.startsWith('accepted'))
    .map((name) => join(folder, name));
}

async function markDeleted(stage: Stage) {
  const { web1 } = stage;
  await web1.agent?.kill();
  const files = acceptedFiles(web1);
  await stage.untouched(async () => {
    for (const file of files) rmSync(file);
    web1.startAgent();
    await stage.well();
  });
  const message = await eventually('it is told', async () => {
    const told = (await stage.fleet.events()).find(
      ({ host, message }) => host === web1.name && /record of the newest one is lost/.test(message),
    );
    must(told !== undefined, 'no event says so');
    return told.message;
  });
  return {
    injected: `${files.length} files of the accepted assignment removed`,
    observed: `nothing touched; ${message.slice(0, 100)}; taken again`,
  };
}

async function markDamaged(stage: Stage) {
  const { web1 } = stage;
  await stage.arrived(stage.commit());
  await web1.agent?.kill();
  truncateSync(join(web1.data, 'state', 'accepted'), 100);
  await stage.untouched(async () => {
    web1.startAgent();
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
  }, [stage.web2]);
  await eventually('it is told', async () => {
    const events = await stage.fleet.events();
    must(
      events.some(({ kind, host }) => kind === 'state.recovered' && host === web1.name),
      'no state.recovered',
    );
  });
  return {
    injected: 'the accepted assignment cut to 100 bytes',
    observed: 'state.recovered: the one before counts, then the newest',
  };
}

async function syncFails(stage: Stage) {
  const { web1, web2 } = stage;
  const file = join(web1.data, 'state', 'accepted.new');
  const log = join(stage.fleet.folder.path, 'strace.log');
  stage.usualAgentAfter(web1);
  const before = (await stage.view(web1)).state?.acceptedGeneration;
  web1.agentPrefix = [
    'strace',
    '-D',
    '-f',
    '-qq',
    '-o',
    log,
    '-P',
    file,
    '-e',
    'trace=fsync',
    '-e',
    'inject=fsync:error=EIO',
  ];
  await stage.restartAgent(web1);
  await stage.logged(web1, /connected to the hub/);
  const commit = stage.commit();
  await stage.runs(web2, stage.version);
  const { state } = await stage.seen(web1, 'a problem of the disk', isFull);
  must(state?.acceptedGeneration === before, 'it accepted what is not on disk');
  must(/EIO/.test(state?.problem?.message ?? ''), state?.problem?.message ?? '');
  await stage.tidy();
  await stage.arrived(commit);
  return {
    injected: 'EIO at fsync of the accepted assignment',
    observed: `not accepted: ${state?.problem?.message.slice(0, 90)}`,
  };
}

async function keyMissing(stage: Stage) {
  const { web1 } = stage;
  await web1.agent?.kill();
  const key = 'data.key';
  const path = join(web1.data, 'identity', key);
  renameSync(path, `${path}.away`);
  const ended = await web1.run('run', '--docker', web1.agentSocket);
  renameSync(`${path}.away`, path);
  must(ended.code !== 0 && ended.stderr.includes(web1.data), `${ended.code}: ${ended.stderr}`);
  await stage.untouched(async () => {
    web1.startAgent();
    await stage.logged(web1, /connected to the hub/);
    await stage.well();
  });
  return { injected: `${key} is away`, observed: ended.stderr.trim().split('\n')[0]?.slice(0, 140) ?? '' };
}

export const AGENT_DISK_ROWS: readonly Row[] = [
  { number: 7, part: 'agent', fault: 'its disk is full', run: full },
  { number: 8, part: 'agent', fault: 'its disk is read-only', run: readOnly },
  { number: 9, part: 'agent', fault: 'the accepted assignment is deleted', run: markDeleted },
  { number: 10, part: 'agent', fault: 'the accepted assignment is cut', run: markDamaged },
  { number: 11, part: 'agent', fault: 'fsync of the accepted assignment fails', run: syncFails },
  { number: 85, part: 'secrets', fault: "the host's own key is missing", run: keyMissing },
];
