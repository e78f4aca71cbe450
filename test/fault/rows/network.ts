import { randomBytes } from 'node:crypto';
import { eventually } from '../../support/eventually.ts';
import { PORTS, type TestHost } from '../../support/fleet.ts';
import { acceptedBy } from '../accepted.ts';
import { sentAndStored } from '../outboxes.ts';
import { addRule, type PacketRule } from '../packets.ts';
import { must, type Row } from '../row.ts';
import { APP, CALM, type Stage } from '../stage.ts';

/** Chunks both ways that must come late before a line counts as slow: some eight heartbeats with their answers. */
const LATE_CHUNKS = 16;
const BULK_BYTES = 16_384;
/** Looks until a commit must have arrived: each takes a second and more. */
const MAX_LOOKS = 120;
/** Within which either side must notice a peer that vanished. */
const NOTICED_WITHIN_MS = 30_000;

const STORMS = 3;
/** The longest wait between attempts is a minute; a busy machine takes its time to connect and to tell. */
const BACK_WITHIN_MS = 60_000 + 15_000;
/** Packets of one storm, until the hub takes the host for offline: those of the connection that ends, and a handful of attempts that wait longer each time. */
const MAX_RESETS = 20;

/** A rule in the network of the hub, as long as the row lasts or until it is removed. */
async function rule(stage: Stage, ...words: string[]): Promise<PacketRule> {
  const added = await addRule(stage.fleet.network.hub, words);
  let isThere = true;
  const remove = async () => {
    if (isThere) await added.remove();
    isThere = false;
  };
  stage.after(remove);
  return { packets: () => added.packets(), remove };
}

const device = (stage: Stage, host: TestHost) => `to-h${stage.fleet.hosts.indexOf(host)}`;
const tcpFrom = (stage: Stage, host: TestHost, port: number) =>
  ['INPUT', '-i', device(stage, host), '-p', 'tcp', '--dport', String(port)] as const;
const tcpTo = (stage: Stage, host: TestHost, port: number) =>
  ['OUTPUT', '-o', device(stage, host), '-p', 'tcp', '--sport', String(port)] as const;

async function hit(cut: PacketRule): Promise<number> {
  return await eventually('packets met the rule', async () => {
    const packets = await cut.packets();
    must(packets > 0, 'no packet');
    return packets;
  });
}

async function hubFromBroker(stage: Stage) {
  const cut = await rule(stage, 'INPUT', '-i', 'lo', '-p', 'tcp', '--dport', String(PORTS.nats), '-j', 'DROP');
  await stage.arrived(stage.commit());
  const packets = await hit(cut);
  await cut.remove();
  await stage.arrived(stage.commit());
  return { injected: `${packets} packets dropped`, observed: 'the commit arrives over gRPC' };
}

async function agentFromHub(stage: Stage) {
  const { web1 } = stage;
  const cut = await rule(stage, ...tcpFrom(stage, web1, PORTS.grpc), '-j', 'DROP');
  await stage.seen(web1, 'Unknown and offline', ({ online, sync }) => !online && sync === 'Unknown');
  const commit = stage.commit();
  await stage.runs(web1, stage.version);
  must((await stage.view(web1)).sync === 'Unknown', 'it is not Unknown');
  await stage.heals(web1, CALM);
  const packets = await hit(cut);
  await cut.remove();
  await stage.arrived(commit);
  return {
    injected: `${packets} packets dropped`,
    observed: 'Unknown by the hub; the commit came by the broker, drift was healed',
  };
}

async function agentFromBroker(stage: Stage) {
  const { web1 } = stage;
  const cut = await rule(stage, ...tcpFrom(stage, web1, PORTS.nats), '-j', 'DROP');
  await stage.arrived(stage.commit());
  const packets = await hit(cut);
  must((await stage.view(web1)).online, 'it is offline');
  await cut.remove();
  await stage.arrived(stage.commit());
  return { injected: `${packets} packets dropped`, observed: 'the commit arrives over gRPC' };
}

async function isolated(stage: Stage) {
  const { web1, web2, fleet } = stage;
  const index = fleet.hosts.indexOf(web1);
  await fleet.network.setLine(index, 'down');
  let isUp = false;
  const up = async () => {
    if (!isUp) await fleet.network.setLine(index, 'up');
    isUp = true;
  };
  stage.after(up);
  await stage.seen(web1, 'Unknown', ({ sync }) => sync === 'Unknown');
  let commit = '';
  for (let count = 0; count < 3; count += 1) {
    commit = stage.commit();
    await stage.runs(web2, stage.version);
  }
  await stage.heals(web1, CALM);
  const accepted = () => acceptedBy(web1).length;
  const before = accepted();
  await up();
  await stage.arrived(commit);
  must(accepted() === before + 1, `${accepted() - before} assignments accepted on its return`);
  return {
    injected: 'line down over three commits',
    observed: 'drift healed meanwhile; on its return the newest alone',
  };
}

async function answersLost(stage: Stage) {
  const { web1, fleet } = stage;
  const cut = await rule(stage, ...tcpTo(stage, web1, PORTS.grpc), '-j', 'DROP');
  await stage.heals(web1, CALM);
  await stage.heals(web1, APP);
  await stage.logged(web1, /connection to the hub is lost/);
  const packets = await hit(cut);
  await cut.remove();
  await stage.well();
  const { sent, stored } = await eventually('all is stored', () => {
    const counts = sentAndStored(fleet, web1);
    must(counts.missing.length === 0, `missing ${counts.missing.join()}`);
    return counts;
  });
  must(stored.length === new Set(stored).size, 'an event is stored twice');
  return {
    injected: `${packets} answers of the hub dropped`,
    observed: `${sent} events told, ${stored.length} stored, each once`,
  };
}

async function packetLoss(stage: Stage) {
  const { web1 } = stage;
  const chance = ['-m', 'statistic', '--mode', 'random', '--probability', '0.3', '-j', 'DROP'];
  const lost = await rule(stage, 'INPUT', '-i', device(stage, web1), ...chance);
  await rule(stage, 'OUTPUT', '-o', device(stage, web1), ...chance);
  await stage.arrived(stage.commit());
  return { injected: `30 % each way: ${await hit(lost)} packets lost`, observed: 'the commit arrives' };
}

async function resets(stage: Stage) {
  const { web1 } = stage;
  let packets = 0;
  let longestMs = 0;
  for (let storm = 0; storm < STORMS; storm += 1) {
    const storms = await rule(stage, ...tcpFrom(stage, web1, PORTS.grpc), '-j', 'REJECT', '--reject-with', 'tcp-reset');
    await stage.seen(web1, 'offline', ({ online }) => !online);
    packets += await hit(storms);
    await storms.remove();
    const began = performance.now();
    await stage.seen(web1, 'back', ({ online }) => online);
    longestMs = Math.max(longestMs, performance.now() - began);
  }
  must(longestMs <= BACK_WITHIN_MS, `back after ${longestMs} ms`);
  must(packets <= STORMS * MAX_RESETS, `${packets} packets: it does not wait between its attempts`);
  await stage.arrived(stage.commit());
  return {
    injected: `${STORMS} storms, ${packets} packets answered with a reset`,
    observed: `back each time, after ${(longestMs / 1000).toFixed(0)} s at most`,
  };
}

async function vanished(stage: Stage) {
  const { web1 } = stage;
  const line = await stage.line(web1, 'grpc');
  await line.set({ halfOpen: true });
  const began = performance.now();
  await stage.seen(web1, 'Unknown and offline', ({ online, sync }) => !online && sync === 'Unknown');
  await stage.logged(web1, /connection to the hub is lost/);
  const noticedMs = performance.now() - began;
  must(noticedMs < NOTICED_WITHIN_MS, `noticed after ${noticedMs} ms`);
  const { swallowed } = await line.counts();
  must(swallowed > 0, 'nothing was swallowed');
  await line.set({});
  await stage.well();
  return {
    injected: `${swallowed} bytes swallowed, no end, no reset`,
    observed: `noticed on both sides after ${(noticedMs / 1000).toFixed(0)} s; back`,
  };
}

async function latency(stage: Stage) {
  const { web1, fleet } = stage;
  stage.usualHubAfter();
  await fleet.hub?.stop();
  // Heartbeats as they are outside of tests are far longer than such a line takes; here they are as short as such a line lets them be.
  await fleet.startHub('--heartbeat', '5s');
  const line = await stage.line(web1, 'grpc');
  await line.set({ latencyMs: 2000, jitterMs: 1000 });
  const { delayed: before } = await line.counts();
  let looks = 0;
  for (let delayed = before; delayed < before + LATE_CHUNKS; delayed = (await line.counts()).delayed) {
    const { online, sync } = await stage.view(web1);
    looks += 1;
    must(online && sync === 'Synced', `${sync}, ${online ? 'online' : 'offline'} at look ${looks}`);
  }
  await line.set({});
  return {
    injected: `2 s and up to 1 s more each way, ${LATE_CHUNKS} chunks late`,
    observed: `never offline in ${looks} looks`,
  };
}

async function drip(stage: Stage) {
  const { web1, fleet } = stage;
  stage.usualHubAfter();
  await fleet.hub?.stop();
  // Half of what they are outside of tests: a handshake alone takes two seconds on such a line.
  await fleet.startHub('--heartbeat', '5s');
  const grpc = await stage.line(web1, 'grpc');
  const nats = await stage.line(web1, 'nats');
  await grpc.set({ dripBytesPerSecond: 2000 });
  await nats.set({ dripBytesPerSecond: 2000 });
  // Bulk that takes the line for eight seconds: what says that the host is there must not wait behind it.
  const content = randomBytes(BULK_BYTES).toString('hex').slice(0, BULK_BYTES);
  fleet.repository.commit('bulk', { 'stacks/shop/bulk.txt': content });
  const commit = stage.commit({ more: 'configs: [bulk]', below: 'configs: { bulk: { file: ./bulk.txt } }' });
  let looks = 0;
  for (let arrived = false; !arrived; ) {
    arrived = (await fleet.mooring('wait', '--revision', commit, '--timeout', '1s')).code === 0;
    looks += 1;
    must((await stage.view(web1)).online, `it is offline at look ${looks}`);
    must(looks < MAX_LOOKS, 'the commit does not arrive');
  }
  const dripped = (await grpc.counts()).dripped + (await nats.counts()).dripped;
  await grpc.set({});
  await nats.set({});
  return {
    injected: `16 kbit/s, ${dripped} bytes dripped`,
    observed: `the commit with ${BULK_BYTES} bytes arrives; online in each of ${looks} looks meanwhile`,
  };
}

async function blackHole(stage: Stage) {
  const { web1 } = stage;
  const hole = await rule(
    stage,
    'OUTPUT',
    '-o',
    device(stage, web1),
    '-p',
    'tcp',
    '-m',
    'length',
    '--length',
    '1200:65535',
    '-j',
    'DROP',
  );
  await stage.restartAgent(web1);
  await stage.logged(web1, /cannot be reached/);
  await stage.seen(web1, 'Unknown', ({ sync }) => sync === 'Unknown');
  await stage.heals(web1, CALM);
  const packets = await hit(hole);
  await hole.remove();
  await stage.well();
  return {
    injected: `${packets} large packets dropped`,
    observed: 'attempts time out, drift healed, connected once they pass',
  };
}

async function corruption(stage: Stage) {
  const { web1 } = stage;
  const line = await stage.line(web1, 'grpc');
  await line.set({ corruptShare: 0.2 });
  await stage.logged(web1, /connection to the hub is lost/);
  const commit = stage.commit();
  await stage.runs(web1, stage.version);
  const { corrupted } = await eventually('more is corrupted', async () => {
    const counts = await line.counts();
    must(counts.corrupted >= 2, `${counts.corrupted}`);
    return counts;
  });
  await line.set({});
  await stage.arrived(commit);
  return {
    injected: `${corrupted} chunks with a wrong bit`,
    observed: 'the connection ends and begins anew; the commit arrives unharmed',
  };
}

export const NETWORK_ROWS: readonly Row[] = [
  { number: 43, part: 'net', fault: 'hub and broker cut apart', run: hubFromBroker },
  { number: 44, part: 'net', fault: 'agent and hub cut apart', run: agentFromHub },
  { number: 45, part: 'net', fault: 'agent and broker cut apart', run: agentFromBroker },
  { number: 46, part: 'net', fault: 'agent isolated', run: isolated },
  { number: 47, part: 'net', fault: 'answers of the hub are lost', run: answersLost },
  { number: 48, part: 'net', fault: '30 % loss', run: packetLoss },
  { number: 49, part: 'net', fault: 'storms of resets', run: resets },
  { number: 50, part: 'net', fault: 'half open', run: vanished },
  { number: 51, part: 'net', fault: 'latency 2 s, jitter 1 s', run: latency },
  { number: 52, part: 'net', fault: '16 kbit/s', run: drip },
  { number: 54, part: 'net', fault: 'black hole for large packets', run: blackHole },
  { number: 55, part: 'net', fault: 'corrupt bytes', run: corruption },
];
