import { DriftKind, DriftMode, Hold, SyncState } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { driftLines, FakeHost, shop, type Written } from '../host.fake.ts';

const APP: Written = { services: { app: { spec: { memoryBytes: '64000000' } } } };
const JOB: Written = {
  services: {
    app: { dependsOn: [{ service: 'job', condition: 3 }] },
    job: { spec: { image: 'job:1' } },
  },
};

/** A host that runs a stack as written. */
async function running(written: Written, prepare: (host: FakeHost) => unknown = () => {}): Promise<FakeHost> {
  const host = new FakeHost();
  await prepare(host);
  await host.settle(shop(written));
  return host;
}

const endsWith = (exitCode: number) => (host: FakeHost) => {
  host.engine.addImage('job:1', { Cmd: ['work'] });
  host.engine.endsAtOnce.set('job:1', exitCode);
};

interface ByHand {
  readonly title: string;
  act(host: FakeHost, id: string): Promise<void>;
  readonly steps: readonly string[];
  readonly drift: readonly string[];
}

describe('what people do by hand', () => {
  test.each<ByHand>([
    {
      title: 'a removed container is made again',
      act: ({ engine }, id) => engine.removeContainer(id),
      steps: ['create container shop-app-1: it does not exist'],
      drift: ['shop-app-1: running wanted, absent there'],
    },
    {
      title: 'a stopped container is started',
      act: ({ engine }, id) => engine.stopContainer(id),
      steps: ['start container shop-app-1: it is exited'],
      drift: ['shop-app-1 services.app.state: running wanted, exited there'],
    },
    {
      title: 'a paused container goes on',
      act: ({ engine }, id) => engine.pause(id),
      steps: ['unpause container shop-app-1: it is paused'],
      drift: ['shop-app-1 services.app.state: running wanted, paused there'],
    },
    {
      title: 'a renamed container gets its name back',
      act: ({ engine }, id) => engine.renameContainer(id, 'mine'),
      steps: ['update container mine: container_name differs from Git'],
      drift: ['mine services.app.container_name: shop-app-1 wanted, mine there'],
    },
    {
      title: 'a limit is put back while the container runs, and its swap with it',
      act: ({ engine }, id) => engine.updateContainer(id, { Memory: 96_000_000, MemorySwap: 128_000_000 }),
      steps: ['update container shop-app-1: mem_limit differs from Git'],
      drift: ['shop-app-1 services.app.mem_limit: 64000000 wanted, 96000000 there'],
    },
    {
      title: 'a limit that Git does not set needs a new container',
      act: ({ engine }, id) => engine.updateContainer(id, { CpuShares: 512 }),
      steps: ['replace container shop-app-1: cpu_shares differs from Git'],
      drift: ['shop-app-1 services.app.cpu_shares: nothing wanted, 512 there'],
    },
    {
      title: 'a container that was taken off its network is put back on it',
      act: ({ engine }, id) => engine.disconnectNetwork('shop_default', id),
      steps: ['update container shop-app-1: networks differs from Git'],
      drift: ['shop-app-1 services.app.networks.default: attached wanted, nothing there'],
    },
    {
      title: 'a container is taken off a network that Git does not name',
      act: ({ engine }, id) => engine.connectNetwork('bridge', id, {}),
      steps: ['update container shop-app-1: networks differs from Git'],
      drift: ['shop-app-1 services.app.networks.bridge: nothing wanted, attached there'],
    },
  ])('$title', async ({ act, steps, drift }) => {
    const host = await running(APP);
    await act(host, await host.id('shop-app-1'));
    expect(await host.sentences(shop(APP))).toEqual(steps);
    expect(driftLines(await host.plan(shop(APP)))).toEqual(drift);
    await host.settle(shop(APP));
    expect(driftLines(await host.plan(shop(APP)))).toEqual([]);
  });
});

describe('a namespace that is shared', () => {
  const written: Written = {
    services: {
      app: {},
      guest: { spec: { networkMode: 'service:app', networks: [] }, dependsOn: [{ service: 'app' }] },
    },
  };

  test('is another one once its owner was started again: whoever shares it is restarted, once', async () => {
    const host = await running(written);
    await host.engine.restartContainer(await host.id('shop-app-1'));
    expect(await host.sentences(shop(written))).toEqual([
      'restart container shop-guest-1: shop-app-1, whose namespace it shares, was started after it',
    ]);
    const drift =
      'shop-guest-1 services.guest.network_mode: that of shop-app-1 wanted, one from before shop-app-1 was started again there';
    expect(driftLines(await host.plan(shop(written)))).toEqual([drift]);
    await host.settle(shop(written));
    expect([await host.sentences(shop(written)), driftLines(await host.plan(shop(written)))]).toEqual([[], []]);
  });

  test('says nothing of a start that is in the future, since the clock was set back', async () => {
    const host = await running(written);
    await host.engine.restartContainer(await host.id('shop-app-1'));
    host.engine.nowMs -= 3_600_000;
    expect(await host.sentences(shop(written))).toEqual([]);
  });
});

describe('an image whose tag was moved', () => {
  const moved = async (written: Written, prepare?: (host: FakeHost) => unknown) => {
    const host = await running(written, prepare);
    await host.engine.tagImage('app:2', 'app:1');
    const [to, from] = [
      await host.engine.imageId('app:2'),
      (await host.engine.inspectContainer('shop-app-1'))?.imageId,
    ];
    return { host, to, from };
  };

  test('is a verdict of its own, told with both images, and the container is made again', async () => {
    const { host, to = '', from = '' } = await moved(APP);
    const [planned] = await host.plan(shop(APP));
    expect(planned?.drift).toMatchObject([
      { kind: DriftKind.DRIFT_KIND_IMAGE_MOVED, field: 'services.app.image', desired: to, observed: from },
    ]);
    const [short, shorter] = [to, from].map((id) => id.slice(0, 'sha256:'.length + 12));
    expect(await host.sentences(shop(APP))).toEqual([
      `replace container shop-app-1: its image moved: app:1 names ${short} now, and it runs ${shorter}`,
    ]);
    expect(JSON.parse(await host.explain('shop', 'app'))).toMatchObject({
      verdict: 'image_moved',
      drift: [{ name: 'shop-app-1', field: 'services.app.image', desired: to, observed: from }],
      containers: [{ imageMoved: { wanted: to, running: from }, imageChanged: false, differs: [] }],
    });
    await host.settle(shop(APP));
    expect((await host.engine.inspectContainer('shop-app-1'))?.imageId).toBe(to);
    expect(driftLines(await host.plan(shop(APP)))).toEqual([]);
  });

  test('stays where drift is only told, and where the image is ignored', async () => {
    const { host, to, from } = await moved(APP);
    const reported = shop(APP, { driftMode: DriftMode.DRIFT_MODE_REPORT });
    expect(await host.sentences(reported)).toEqual([]);
    expect(driftLines(await host.plan(reported))).toEqual([
      `shop-app-1 services.app.image: ${to} wanted, ${from} there; the stack only reports drift`,
    ]);
    const ignored = shop(APP, { ignore: ['services.app.image'] });
    expect([await host.sentences(ignored), driftLines(await host.plan(ignored))]).toEqual([[], []]);
  });

  test('is told beside what else differs, and one replacement removes both', async () => {
    const { host } = await moved(APP);
    await host.engine.updateContainer('shop-app-1', { Memory: 96_000_000, MemorySwap: 128_000_000 });
    const [planned] = await host.plan(shop(APP));
    expect(planned?.drift.map(({ field }) => field)).toEqual(['services.app.mem_limit', 'services.app.image']);
    expect(planned?.steps).toMatchObject([
      { kind: 'replace-container', fields: ['services.app.image', 'services.app.mem_limit'] },
    ]);
  });

  test('says nothing of a digest, of one of several platforms, and of a one-shot that is done', async () => {
    const platform: Written = { services: { app: { spec: { platform: 'linux/arm64' } } } };
    expect(await (await moved(platform)).host.sentences(shop(platform))).toEqual([]);
    const done: Written = { services: { app: {} } };
    const { host } = await moved(done, ({ engine }) => engine.endsAtOnce.set('app:1', 0));
    expect([await host.sentences(shop(done)), driftLines(await host.plan(shop(done)))]).toEqual([[], []]);
    const digest = `app@sha256:${'a'.repeat(64)}`;
    const pinned: Written = { services: { app: { spec: { image: digest } } } };
    const fixed = await moved(pinned, ({ engine }) => engine.addImage(digest, { Cmd: ['serve'] }));
    await fixed.host.engine.tagImage('app:2', digest);
    expect(await fixed.host.sentences(shop(pinned))).toEqual([]);
  });
});

describe('what a stack says about drift', () => {
  test('report: a stopped container that needs another one is told as stopped too', async () => {
    const host = await running(APP);
    const id = await host.id('shop-app-1');
    await host.engine.updateContainer(id, { CpuShares: 512 });
    await host.engine.stopContainer(id);
    const reported = shop(APP, { driftMode: DriftMode.DRIFT_MODE_REPORT });
    expect(await host.sentences(reported)).toEqual([]);
    expect(driftLines(await host.plan(reported))).toEqual([
      'shop-app-1 services.app.cpu_shares: nothing wanted, 512 there; the stack only reports drift',
      'shop-app-1 services.app.state: running wanted, exited there; the stack only reports drift',
    ]);
    expect(await host.sentences(shop(APP))).toEqual(['replace container shop-app-1: cpu_shares differs from Git']);
  });

  const byHand = async (more: Parameters<typeof shop>[1]) => {
    const host = await running(APP);
    await host.engine.updateContainer(await host.id('shop-app-1'), { CpuShares: 512 });
    return { steps: await host.sentences(shop(APP, more)), drift: driftLines(await host.plan(shop(APP, more))) };
  };

  test('report: it is told, and stays', async () => {
    expect(await byHand({ driftMode: DriftMode.DRIFT_MODE_REPORT })).toEqual({
      steps: [],
      drift: ['shop-app-1 services.app.cpu_shares: nothing wanted, 512 there; the stack only reports drift'],
    });
  });

  test('report: what Git changed is done all the same', async () => {
    const host = await running(APP);
    const changed = shop({ services: { app: {} } }, { driftMode: DriftMode.DRIFT_MODE_REPORT });
    expect(await host.sentences(changed)).toEqual(['replace container shop-app-1: mem_limit changed in Git']);
  });

  test('ignore: it is neither told nor put right', async () => {
    expect(await byHand({ ignore: ['services.app.cpu_shares'] })).toEqual({ steps: [], drift: [] });
  });

  test('hold: it is told and stays, until the hold expires', async () => {
    const hold = (expiresAtMs: bigint) => ({ hold: Hold.fromPartial({ reason: 'on call', expiresAtMs }) });
    const drift = ['shop-app-1 services.app.cpu_shares: nothing wanted, 512 there'];
    expect(await byHand(hold(0n))).toEqual({ steps: [], drift });
    const steps = ['replace container shop-app-1: cpu_shares differs from Git'];
    expect(await byHand(hold(1n))).toEqual({ steps, drift });
  });
});

describe('what runs once', () => {
  test('is done when it ended with 0, and stays done when its container is removed', async () => {
    const host = await running(JOB, endsWith(0));
    expect(await host.sentences(shop(JOB))).toEqual([]);
    await host.engine.removeContainer(await host.id('shop-job-1'));
    expect(await host.sentences(shop(JOB))).toEqual([]);
  });

  test('runs again for another specification', async () => {
    const host = await running(JOB, endsWith(0));
    const changed: Written = { services: { ...JOB.services, job: { spec: { image: 'job:1', user: '7' } } } };
    expect(await host.sentences(shop(changed))).toEqual(['replace container shop-job-1: user changed in Git']);
  });

  test('stays as it is when it failed, and is told', async () => {
    const host = await running(JOB, endsWith(3));
    const steps = await host.sentences(shop(JOB));
    expect(steps.filter((sentence) => sentence.includes('shop-job-1'))).toEqual([]);
    expect(driftLines(await host.plan(shop(JOB)))).toContain(
      'shop-job-1 services.job.state: completed wanted, exited with 3 there; it runs once for each specification, and it failed',
    );
  });
});

describe('what is not ours', () => {
  test('keeps its name, and the container that wants it is a conflict', async () => {
    const host = await running(APP, ({ engine }) => engine.createContainer('shop-app-1', { Image: 'app:1' }));
    expect(await host.sentences(shop(APP))).toEqual([]);
    expect(driftLines(await host.plan(shop(APP)))).toEqual([
      'shop-app-1: nothing wanted, foreign there; a foreign container has the name; it is never touched',
    ]);
  });

  test('is called taken over where docker compose made it for the same project, under the name of a replica or beside them', async () => {
    const made = (project: string, service: string, oneoff = 'False') => ({
      Image: 'app:1',
      Labels: {
        'com.docker.compose.project': project,
        'com.docker.compose.service': service,
        'com.docker.compose.container-number': '1',
        'com.docker.compose.oneoff': oneoff,
      },
    });
    const host = await running(APP, async ({ engine }) => {
      await engine.createContainer('shop-app-1', made('shop', 'app'));
      await engine.createContainer('shop-old-1', made('shop', 'old'));
      await engine.createContainer('shop-app-run-1', made('shop', 'app', 'True'));
      await engine.createContainer('blog-app-1', made('blog', 'app'));
    });
    expect(await host.sentences(shop(APP))).toEqual([]);
    const why =
      'nothing wanted, taken over by docker compose there; docker compose made a container of this project; it is never touched, and Mooring makes its own once it is removed';
    expect(driftLines(await host.plan(shop(APP)))).toEqual([`shop-app-1: ${why}`, `shop-old-1: ${why}`]);
    await host.engine.removeContainer(await host.id('shop-app-1'));
    expect(await host.sentences(shop(APP))).toEqual(['create container shop-app-1: it does not exist']);
  });

  test('holds a fixed address: the container that needs it is a conflict that names the holder, until it is gone', async () => {
    const networks = [{ network: 'default', ipv4Address: '10.9.8.7' }];
    const written: Written = { services: { app: { spec: { networks } } } };
    const host = await running(written);
    const { engine } = host;
    await engine.stopContainer(await host.id('shop-app-1'));
    const EndpointsConfig = { shop_default: { IPAMConfig: { IPv4Address: '10.9.8.7' } } };
    const body = { Image: 'app:1', HostConfig: { NetworkMode: 'shop_default' }, NetworkingConfig: { EndpointsConfig } };
    const foreign = await engine.createContainer('thief', body);
    await engine.startContainer(foreign);
    const conflict = [
      'shop-app-1 services.app.networks.default.ipv4_address: 10.9.8.7 wanted, held by thief there; container thief holds the address 10.9.8.7; it is never touched',
      'shop-app-1 services.app.state: running wanted, exited there; container thief holds the address 10.9.8.7; it is never touched',
    ];
    const seen = async () => [await host.sentences(shop(written)), driftLines(await host.plan(shop(written)))];
    expect(await seen()).toEqual([[], conflict]);
    const { stacks } = await host.settle(shop(written));
    expect(stacks).toMatchObject([
      { sync: SyncState.SYNC_STATE_DRIFTED, reason: 'shop-app-1 cannot have address 10.9.8.7: it is held by thief' },
    ]);
    expect(stacks[0]?.drift.map(({ kind }) => kind)).toEqual([
      DriftKind.DRIFT_KIND_CONFLICT,
      DriftKind.DRIFT_KIND_MODIFIED,
    ]);
    await engine.stopContainer(foreign);
    expect(await seen()).toEqual([
      ['start container shop-app-1: it is exited'],
      ['shop-app-1 services.app.state: running wanted, exited there'],
    ]);
    await host.settle(shop(written));
    expect(await seen()).toEqual([[], []]);
  });

  test('holds a fixed address that a new container needs', async () => {
    const networks = [{ network: 'default', ipv4Address: '10.9.8.7' }];
    const taken: Written = { services: { app: {}, next: { spec: { networks } } } };
    const host = await running(APP);
    const thief = await host.engine.createContainer('thief', { Image: 'app:1' });
    await host.engine.startContainer(thief);
    await host.engine.connectNetwork('shop_default', thief, { IPAMConfig: { IPv4Address: '10.9.8.7' } });
    const [conflict] = driftLines(await host.plan(shop(taken)));
    expect(conflict).toMatch(/^shop-next-1 services\.next\.networks\.default\.ipv4_address: .* held by thief there/);
    await host.engine.removeContainer(thief);
    expect((await host.settle(shop(taken))).settled).toBe(true);
  });

  test('is a conflict where it carries our labels', async () => {
    const host = await running(APP);
    const { labels } = (await host.engine.inspectContainer('shop-app-1')) ?? {};
    await host.engine.createContainer('copy', { Image: 'app:1', Labels: labels });
    expect(await host.sentences(shop(APP))).toEqual([]);
    expect(driftLines(await host.plan(shop(APP)))).toEqual([
      'copy: nothing wanted, foreign, created there; it carries our labels and is not on our record; it is never touched',
    ]);
  });

  test('is a network that somebody else must make', async () => {
    const external: Written = { ...APP, networks: [{ key: 'edge', name: 'edge', external: true }] };
    const host = await running(external);
    expect(driftLines(await host.plan(shop(external)))).toEqual([
      'edge: present wanted, absent there; network edge is external: somebody else must make it',
    ]);
  });
});

describe('what holds data', () => {
  test('a volume that differs is told and never touched', async () => {
    const data: Written = { ...APP, volumes: [{ key: 'data' }] };
    const other = { name: 'shop_data', driver: 'other', options: {}, labels: {} };
    const host = await running(data, ({ engine }) => engine.createVolume(other));
    expect(await host.sentences(shop(data))).toEqual([]);
    expect(driftLines(await host.plan(shop(data)))).toEqual([
      'shop_data volumes.shop_data.driver: local wanted, other there; a volume is never changed or removed by Mooring: its data would be lost',
    ]);
  });

  test('a content that somebody edited is put back, and whoever mounts it is restarted once', async () => {
    const file = (target: string) => ({ target, file: { digest: 'sha256:aa' } });
    const written: Written = { services: { app: { spec: { mounts: [file('/a.conf'), file('/b.conf')] } } } };
    const host = await running(written);
    host.contents.set('/agent/content/sha256-aa', { damage: 'sha256:bb', sinceMs: host.engine.nowMs });
    expect(await host.sentences(shop(written))).toEqual([
      'restore the content behind services.app.volumes./a.conf: somebody changed what is mounted',
      'restart container shop-app-1: what it mounts was put back',
    ]);
    await host.settle(shop(written));
    expect(await host.sentences(shop(written))).toEqual([]);
  });
});
