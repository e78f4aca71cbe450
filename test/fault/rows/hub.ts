import { randomBytes } from 'node:crypto';
import { copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { connectHub } from '@mooring/hub';
import { eventually } from '../../support/eventually.ts';
import type { TestHost } from '../../support/fleet.ts';
import { finish } from '../../support/run.ts';
import { ROOT, toolPath } from '../../support/tools.ts';
import { acceptedBy } from '../accepted.ts';
import { sentAndStored } from '../outboxes.ts';
import { seeded } from '../random.ts';
import { must, type Row } from '../row.ts';
import { CALM, SIDE, type Stage } from '../stage.ts';

const ROUNDS = 5;
/** Milliseconds that the hub stands still. */
const BLOCKED_MS = 30_000;
const MIB = 1024 * 1024;
const BULK = Array.from({ length: 12 }, (_, index) => `bulk${index}`);
/** Together more than the log may have before a person is told. */
const LARGE_COMMITS = 3;

async function restart(stage: Stage): Promise<void> {
  await stage.fleet.hub?.kill();
  await stage.fleet.startHub();
}

async function killedPublishing(stage: Stage) {
  const random = seeded(56);
  const before = acceptedBy(stage.web1).length;
  for (let round = 0; round < ROUNDS; round += 1) {
    const commit = stage.commit();
    await delay(random.between(0, 2500));
    await restart(stage);
    await stage.arrived(commit);
  }
  const generations = acceptedBy(stage.web1).slice(before);
  const isGrowing = generations.every(
    (generation, index) => index === 0 || generation > (generations[index - 1] ?? 0n),
  );
  must(isGrowing, `accepted ${generations.join()}`);
  const view = await stage.view(stage.web1);
  must(view.assignedGeneration === view.state?.acceptedGeneration, 'it has not the newest');
  return {
    injected: `${ROUNDS} kills after a commit`,
    observed: `${generations.length} generations accepted, each above the last`,
  };
}

/** The broker is stopped, so that what is stored cannot be published; the next hub ends it and starts its own. */
async function killedUnpublished(stage: Stage) {
  const { web1, fleet } = stage;
  const before = await stage.view(web1);
  const pid = stage.brokerPid();
  process.kill(pid, 'SIGSTOP');
  for (const host of fleet.hosts) host.agent?.signal('SIGSTOP');
  stage.after(() => {
    for (const host of fleet.hosts) host.agent?.signal('SIGCONT');
  });
  const commit = stage.commit();
  const stored = await stage.seen(
    web1,
    'a newer one assigned',
    (view) => view.assignedGeneration !== before.assignedGeneration,
  );
  await fleet.hub?.kill();
  process.kill(pid, 'SIGCONT');
  await fleet.startHub();
  for (const host of fleet.hosts) host.agent?.signal('SIGCONT');
  await stage.arrived(commit);
  const after = await stage.view(web1);
  must(
    after.assignedGeneration === stored.assignedGeneration,
    `${stored.assignedGeneration} became ${after.assignedGeneration}`,
  );
  return {
    injected: 'killed with an assignment that is stored and nowhere else',
    observed: `generation ${after.assignedGeneration} is published by the next hub`,
  };
}

async function killedReceiving(stage: Stage) {
  const { web1, fleet } = stage;
  for (let round = 0; round < ROUNDS; round += 1) {
    fleet.hub?.signal('SIGSTOP');
    await stage.heals(web1, CALM);
    await fleet.hub?.kill();
    await fleet.startHub();
  }
  await stage.well();
  const { sent, stored } = await eventually('all is stored', () => {
    const counts = sentAndStored(fleet, web1);
    must(counts.missing.length === 0, `missing ${counts.missing.join()}`);
    return counts;
  });
  must(stored.length === new Set(stored).size, 'an event is stored twice');
  return {
    injected: `${ROUNDS} times: stopped with events on their way, then killed`,
    observed: `${sent} told, ${stored.length} stored, each once`,
  };
}

async function oldBackup(stage: Stage) {
  const { fleet } = stage;
  const file = join(fleet.data, 'hub.db');
  const backup = join(fleet.folder.path, 'hub.backup');
  await fleet.hub?.stop();
  copyFileSync(file, backup);
  await fleet.startHub();
  await stage.arrived(stage.commit());
  await stage.arrived(stage.commit());
  const before = await stage.view(stage.web1);
  await stage.untouched(async () => {
    await fleet.hub?.kill();
    for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true });
    copyFileSync(backup, file);
    await fleet.startHub();
    await stage.well();
  });
  const after = await stage.view(stage.web1);
  must(
    BigInt(after.assignedGeneration) > BigInt(before.assignedGeneration),
    'its generations did not go on above the host',
  );
  await stage.arrived(stage.commit());
  return {
    injected: 'database of two commits ago',
    observed: `nothing rolled back, generation ${before.assignedGeneration} is followed by ${after.assignedGeneration}`,
  };
}

async function longReader(stage: Stage) {
  const { fleet, web1 } = stage;
  const file = join(fleet.data, 'hub.db');
  const database = new DatabaseSync(file, { readOnly: true });
  stage.after(() => {
    if (database.isOpen) database.close();
    fleet.repository.commit('small again', { 'stacks/side/compose.yaml': SIDE, ...bulk(null) });
  });
  database.exec('BEGIN');
  const count = () => Number(database.prepare('SELECT count(*) AS count FROM events').get()?.['count']);
  const before = count();
  await stage.heals(web1, CALM);
  for (let large = 0; large < LARGE_COMMITS; large += 1)
    await stage.arrived(fleet.repository.commit('large', { 'stacks/side/compose.yaml': withBulk(), ...bulk(MIB) }));
  must(count() === before, 'the reader sees what came after it');
  const log = () => statSync(`${file}-wal`).size;
  const held = log();
  const said = await eventually('doctor says so', async () => {
    const line = (await fleet.mooring('doctor')).stdout.split('\n').find((text) => /WRONG +store/.test(text));
    must(line?.includes('its log has') === true, `${log()} bytes of log: ${line}`);
    return line.trim();
  });
  database.exec('COMMIT');
  const seen = count();
  must(seen > before, 'nothing was written');
  database.close();
  await stage.arrived(stage.commit());
  await eventually('the log is small again, and doctor content', async () => {
    must(log() < held / 2, `${log()} bytes`);
    must(/ok +store/.test((await fleet.mooring('doctor')).stdout), 'doctor is not content');
  });
  return {
    injected: `a transaction that reads for the whole row; a log of ${Math.round(held / MIB)} MiB`,
    observed: `${seen - before} events written beside it, ${LARGE_COMMITS} large commits arrive; ${said.slice(0, 110)}; small again after it`,
  };
}

/** So many files, each as large as one may be; null removes them. */
function bulk(bytes: number | null): Record<string, string | null> {
  const content = () => (bytes === null ? null : randomBytes(bytes).toString('base64').slice(0, bytes));
  return Object.fromEntries(BULK.map((name) => [`stacks/side/${name}.txt`, content()]));
}

function withBulk(): string {
  const configs = BULK.map((name) => `  ${name}: { file: ./${name}.txt }`);
  return `${SIDE}    configs: [${BULK.join(', ')}]\nconfigs:\n${configs.join('\n')}\n`;
}

/** What a hub is for as long as its event loop stands still, by every status that it ever shows. */
async function blocked(stage: Stage) {
  const { fleet, web1 } = stage;
  stage.usualHubAfter();
  await fleet.hub?.stop();
  // As outside of tests: agents give a hub up after three heartbeats, which here are longer than it stands still.
  await fleet.startHub('--heartbeat', '10s');
  await stage.well();
  const client = connectHub({ socketPath: join(fleet.data, 'hub.sock') });
  stage.after(() => client.close());
  const shown: string[] = [];
  const ended = new AbortController();
  const watching = watchStates(client, shown, ended.signal);
  await eventually('the status is watched', () => must(shown.length > 0, 'nothing came'));
  await stage.untouched(async () => {
    fleet.hub?.signal('SIGSTOP');
    stage.after(() => fleet.hub?.signal('SIGCONT'));
    await delay(BLOCKED_MS);
    fleet.hub?.signal('SIGCONT');
    await stage.well();
  });
  await stage.arrived(stage.commit());
  ended.abort();
  await watching;
  const flaps = shown.filter((state) => state.includes('offline'));
  must(flaps.length === 0, `shown meanwhile: ${flaps.join('; ')}`);
  const { counters } = await client.fleet.getHub({});
  const stalledMs = Number(counters.find(({ name }) => name === 'stalled_ms')?.value ?? 0);
  must(stalledMs > BLOCKED_MS / 2, `stalled_ms is ${stalledMs}`);
  client.close();
  await stage.tidy();
  await longBlocked(stage, web1);
  return {
    injected: `SIGSTOP for ${BLOCKED_MS / 1000} s, stalled_ms ${stalledMs}; and again until the agents gave up`,
    observed: `no host shown offline in ${shown.length} statuses; nothing touched, the next commit arrives`,
  };
}

async function watchStates(
  { fleet }: ReturnType<typeof connectHub>,
  shown: string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const { status } of fleet.watchStatus({}, { signal }))
      shown.push((status?.hostSummaries ?? []).map(({ name, reason }) => `${name} ${reason}`).join(', '));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function longBlocked(stage: Stage, host: TestHost): Promise<void> {
  const { fleet } = stage;
  await stage.well();
  await stage.untouched(async () => {
    fleet.hub?.signal('SIGSTOP');
    stage.after(() => fleet.hub?.signal('SIGCONT'));
    await stage.logged(host, /connection to the hub is lost/);
    fleet.hub?.signal('SIGCONT');
    await stage.well();
  });
  await stage.arrived(stage.commit());
}

async function twoHubs(stage: Stage) {
  const { fleet } = stage;
  const mooring = join(ROOT, 'hub', 'bin', 'mooring.js');
  const args = [
    mooring,
    'hub',
    '--data',
    fleet.data,
    '--repo',
    fleet.repository.path,
    '--nats-server',
    toolPath('MOORING_NATS_SERVER'),
  ];
  const second = await finish('nsenter', [`--net=/run/netns/${fleet.network.hub}`, process.execPath, ...args]);
  must(second.code === 1 && second.stderr.includes('DB_LOCKED'), `${second.code}: ${second.stderr}`);
  await stage.arrived(stage.commit());
  return {
    injected: 'a second hub on the same folder',
    observed: second.stderr.trim().split('\n')[0]?.slice(0, 140) ?? '',
  };
}

export const HUB_ROWS: readonly Row[] = [
  { number: 56, part: 'hub', fault: 'kill -9 while publishing', run: killedPublishing },
  { number: 57, part: 'hub', fault: 'kill -9 before publishing', run: killedUnpublished },
  { number: 58, part: 'hub', fault: 'kill -9 before storing', run: killedReceiving },
  { number: 63, part: 'hub', fault: 'old database restored', run: oldBackup },
  { number: 64, part: 'hub', fault: 'a reader that does not end', run: longReader },
  { number: 65, part: 'hub', fault: 'blocked', run: blocked },
  { number: 66, part: 'hub', fault: 'two on one folder', run: twoHubs },
];
