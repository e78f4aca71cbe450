import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, HEARTBEAT_MS, startFleet, type TestHost } from '../support/fleet.ts';

let fleet: Fleet;

/** The hub ends the identity's connections, then writes the event. */
const ENDED_BEFORE_MS = 1000;

const compose = (version: string) =>
  `services:\n  app:\n    image: local/plain:1\n    environment: { VERSION: "${version}" }\n    healthcheck: { test: "true", interval: 500ms }\n`;

beforeAll(async () => {
  fleet = await startFleet(
    [
      { name: 'web-1', engine: '26', labels: { role: 'web' } },
      { name: 'web-2', engine: '28', labels: { role: 'web' } },
      { name: 'web-3', engine: '26', labels: { role: 'web' }, joined: false },
    ],
    { 'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: role=web }\n', 'stacks/shop/compose.yaml': compose('1') },
  );
  await fleet.mooring('wait', '--timeout', '180s');
});

afterAll(async () => {
  await fleet?.close();
});

async function wellAgain(): Promise<void> {
  await eventually('everything is Synced and Healthy', async () =>
    expect((await fleet.mooring('status', '--exit-code')).stdout).toContain('2/2 synced, Synced, Healthy'),
  );
}

async function heals(): Promise<void> {
  const { docker } = fleet.host('web-1').engine;
  await docker.getContainer('shop-app-1').remove({ force: true });
  await eventually('it heals', async () =>
    expect((await docker.getContainer('shop-app-1').inspect()).State.Running).toBe(true),
  );
}

describe('when a part is away', () => {
  test('hosts heal themselves without hub and broker, show as Unknown with their age, and nothing restarts on its return', async () => {
    const started = await fleet.host('web-2').startTimes();
    await fleet.hub?.kill();
    await heals();
    await fleet.startHub();
    await wellAgain();
    expect(await fleet.host('web-2').startTimes()).toEqual(started);
  });

  test('a host whose agent stopped is Offline and Unknown within three heartbeats, and back after its return', async () => {
    const host = fleet.host('web-2');
    const started = await host.startTimes();
    await host.agent?.kill();
    const onlineAtAge: number[] = [];
    await eventually('it is Offline', async () => {
      const { host: summary } = await fleet.json('host', 'web-2');
      if (summary.online === true) onlineAtAge.push(Number(summary.lastSeenAgeMs ?? 0));
      expect(summary).toMatchObject({ sync: 'Unknown', health: 'Unknown' });
      expect(summary.online ?? false).toBe(false);
      expect(summary.lastSeenAgeMs).toBeGreaterThan(0);
    });
    // By the clock of the hub: this process waits behind whatever else the machine does.
    expect(Math.max(...onlineAtAge, 0)).toBeLessThan(4 * HEARTBEAT_MS);
    const { unknownHosts } = await fleet.json('drift');
    expect(unknownHosts.map(({ name }: { name: string }) => name)).toEqual(['web-2']);
    host.startAgent();
    await wellAgain();
    expect(await host.startTimes()).toEqual(started);
  });

  test('the fleet stays as it is without Git, says so, and follows it again', async () => {
    await fleet.git?.stop();
    const commit = fleet.repository.commit('while away', { 'stacks/shop/compose.yaml': compose('2') });
    await eventually('status says so', async () =>
      expect((await fleet.mooring('status')).stdout).toContain('SOURCE_UNREACHABLE'),
    );
    await heals();
    await fleet.startGit();
    expect((await fleet.mooring('wait', '--revision', commit, '--timeout', '180s')).code).toBe(0);
  });

  test('nothing is lost when the whole store of the broker is deleted', async () => {
    const started = await fleet.host('web-1').startTimes();
    const generation = (await fleet.json('host', 'web-1')).host.assignedGeneration;
    await fleet.hub?.stop();
    rmSync(join(fleet.data, 'broker', 'jetstream'), { recursive: true });
    await fleet.startHub();
    await wellAgain();
    expect(await fleet.host('web-1').startTimes()).toEqual(started);
    expect((await fleet.json('host', 'web-1')).host.assignedGeneration).toBe(generation);
    await fleet.moor('after the loss', { 'stacks/shop/compose.yaml': compose('3') });
  });

  test('an agent that is killed starts from its disk alone', async () => {
    const host = fleet.host('web-1');
    await fleet.hub?.stop();
    await host.agent?.kill();
    await host.engine.docker.getContainer('shop-app-1').remove({ force: true });
    host.startAgent();
    await eventually('it heals from disk', async () =>
      expect((await host.engine.docker.getContainer('shop-app-1').inspect()).State.Running).toBe(true),
    );
    await fleet.startHub();
    await wellAgain();
  });

  test('an agent that is killed in the middle of a replacement finishes or undoes it', async () => {
    const host = fleet.host('web-1');
    await host.agent?.stop();
    for (const [index, failpoint] of [
      'replace.stopped',
      'replace.renamed',
      'replace.created',
      'replace.started',
      'replace.healthy',
    ].entries()) {
      host.startAgent({ MOORING_FAILPOINT: failpoint });
      const commit = fleet.repository.commit(failpoint, { 'stacks/shop/compose.yaml': compose(`crash ${index}`) });
      await eventually(`it died at ${failpoint}`, () => expect(host.agent?.running).toBe(false));
      host.startAgent();
      expect((await fleet.mooring('wait', '--revision', commit, '--timeout', '180s')).code, failpoint).toBe(0);
      expect(await host.containers(), failpoint).toEqual(['shop-app-1']);
      await host.agent?.stop();
    }
    host.startAgent();
    await wellAgain();
  });
});

describe('a host', () => {
  test('that joins later gets what its labels select, and one that leaves is gone from every view', async () => {
    const late = fleet.host('web-3');
    await fleet.join(late, { role: 'web' });
    await eventually('it runs the stack', async () => expect(await late.containers()).toEqual(['shop-app-1']));
    await eventually('it is Synced', async () => expect((await fleet.json('host', 'web-3')).host.sync).toBe('Synced'));
    await late.agent?.stop();
    const left = await late.run('leave', '-y', '--docker', late.engine.socket);
    expect(left.code, left.stderr).toBe(0);
    expect(await late.containers()).toEqual([]);
    expect((await fleet.mooring('host', 'web-3')).code).not.toBe(0);
    for (const view of ['hosts', 'stacks', 'drift', 'status'])
      expect((await fleet.mooring(view)).stdout, view).not.toContain('web-3');
    expect(readdirSync(late.data)).not.toContain('identity');
  });

  test('that is revoked loses its stream and the broker within 5 s, and keeps running what it runs', async () => {
    const host = fleet.host('web-2');
    await wellAgain();
    const started = await host.startTimes();
    expect((await fleet.mooring('revoke', 'web-2', '-y')).code).toBe(0);
    // The clocks of the hub and the agent judge, not this process: it waits behind whatever else the machine does.
    const events = await fleet.events();
    const revokedAtMs = events.find((event) => event.kind === 'identity.revoked' && event.host === 'web-2')?.atMs ?? 0;
    expect(revokedAtMs).toBeGreaterThan(0);
    for (const what of ['connection to the hub is lost', 'connection to the broker is lost']) {
      const lostAtMs = await eventually(what, () => timeLogged(host, what, revokedAtMs - ENDED_BEFORE_MS));
      expect(lostAtMs - revokedAtMs, what).toBeLessThan(5000);
    }
    // The agent writes its status every two seconds.
    await eventually('the agent says so', async () => {
      const status = JSON.parse((await host.run('status', '-o', 'json')).stdout);
      expect([status.hub.connected, status.broker.connected]).toEqual([false, false]);
    });
    expect(await host.startTimes()).toEqual(started);
  });
});

/** Unix milliseconds of the agent's first line since then that says so. */
function timeLogged(host: TestHost, what: string, sinceMs: number): number {
  const lines = (host.agent?.output ?? '').split('\n').filter((line) => line.startsWith('{'));
  const logged: { time: number; msg: string }[] = lines.map((line) => JSON.parse(line));
  const found = logged.find(({ time, msg }) => time >= sinceMs && msg.includes(what));
  if (found === undefined) throw new Error(`the agent did not log it: ${lines.slice(-5).join(' ')}`);
  return found.time;
}
