import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { FakeHost, shop, type Written } from '../host.fake.ts';

/** A host that runs a stack as written, and nothing is left to do. */
async function running(written: Written): Promise<FakeHost> {
  const host = new FakeHost();
  await host.settle(shop(written));
  expect(await host.sentences(shop(written))).toEqual([]);
  return host;
}

/** A port that nobody holds: what publishes one is tried against the kernel. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const APP: Written = { services: { app: {} } };
const limited = (memoryBytes: number): Written => ({
  services: { app: { spec: { memoryBytes: String(memoryBytes) } } },
});
const environment = (...names: string[]) => ({ environment: names.map((name) => ({ name, value: '1' })) });

describe('a plan of what Git says anew', () => {
  test('makes networks and volumes of a new stack before its containers, in the order of their dependencies', async () => {
    const written: Written = {
      services: { app: { dependsOn: [{ service: 'db' }], replicas: 2 }, db: {} },
      volumes: [{ key: 'data' }],
    };
    expect(await new FakeHost().sentences(shop(written))).toEqual([
      'create network shop_default: it does not exist',
      'create volume shop_data: it does not exist',
      'create container shop-db-1: it does not exist',
      'create container shop-app-1: it does not exist',
      'create container shop-app-2: it does not exist',
    ]);
  });

  test('is empty for what is already so', async () => {
    const written: Written = { services: { app: { spec: environment('A') }, db: { replicas: 3 } } };
    expect((await running(written)).engine.changed.length).toBeGreaterThan(0);
  });

  test('fills the gap that a replica left, under its own number', async () => {
    const host = await running({ services: { app: { replicas: 3 } } });
    await host.engine.removeContainer(await host.id('shop-app-2'));
    expect(await host.sentences(shop({ services: { app: { replicas: 3 } } }))).toEqual([
      'create container shop-app-2: it does not exist',
    ]);
  });

  test('replaces a container whose environment changed, and no other', async () => {
    const host = await running({ services: { app: { spec: environment('A') }, db: {} } });
    expect(await host.sentences(shop({ services: { app: { spec: environment('A', 'B') }, db: {} } }))).toEqual([
      'replace container shop-app-1: environment changed in Git',
    ]);
  });

  test('replaces a container for another image, and names what else that changes', async () => {
    const host = await running(APP);
    expect(await host.sentences(shop({ services: { app: { spec: { image: 'app:2' } } } }))).toEqual([
      'replace container shop-app-1: image changed in Git',
    ]);
  });

  test('changes memory while the container runs', async () => {
    const host = await running(limited(64_000_000));
    expect(await host.sentences(shop(limited(96_000_000)))).toEqual([
      'update container shop-app-1: mem_limit changed in Git',
    ]);
    await host.settle(shop(limited(96_000_000)));
    expect(await host.sentences(shop(limited(96_000_000)))).toEqual([]);
    expect(host.engine.changed.filter((call) => call.startsWith('create container'))).toHaveLength(1);
  });

  test('replaces a container whose limit is taken away: no engine takes one away while it runs', async () => {
    const host = await running(limited(64_000_000));
    expect(await host.sentences(shop(APP))).toEqual(['replace container shop-app-1: mem_limit changed in Git']);
  });

  test('keeps a container whose specification asks for what is there', async () => {
    const host = await running({ services: { app: { spec: { command: { values: ['serve'] } } } } });
    expect(await host.sentences(shop(APP))).toEqual([
      'keep container shop-app-1: its specification reads differently and asks for what is there',
    ]);
  });

  test('renames a container that Git names', async () => {
    const host = await running(APP);
    expect(await host.sentences(shop({ services: { app: { containerName: 'front' } } }))).toEqual([
      'update container shop-app-1: container_name, networks differ from Git',
    ]);
  });

  test('moves a container from one network to another while it runs', async () => {
    const networks = [{ key: 'back' }, { key: 'front' }];
    const on = (other: string): Written => ({
      services: { app: { spec: { networks: [{ network: 'default' }, { network: other }] } } },
      networks,
    });
    const host = await running(on('back'));
    expect(await host.sentences(shop(on('front')))).toEqual(['update container shop-app-1: networks changed in Git']);
    await host.settle(shop(on('front')));
    expect(await host.sentences(shop(on('front')))).toEqual([]);
  });

  test('takes the containers of a changed network through a new one', async () => {
    const host = await running({ ...APP, networks: [{ key: 'back' }] });
    const internal: Written = { ...APP, networks: [{ key: 'back', internal: true }] };
    expect(await host.sentences(shop(internal))).toEqual(['replace network shop_back: it changed in Git']);
  });

  test('replaces whoever shares a namespace with what is replaced', async () => {
    const sharing = (...names: string[]): Written => ({
      services: {
        app: { spec: environment(...names) },
        guest: { spec: { networkMode: 'service:app', networks: [] }, dependsOn: [{ service: 'app', restart: true }] },
        other: {},
      },
    });
    const host = await running(sharing('A'));
    expect(await host.sentences(shop(sharing('B')))).toEqual([
      'replace container shop-app-1: environment changed in Git',
      'replace container shop-guest-1: a container whose namespace it shares is another one',
    ]);
    await host.settle(shop(sharing('B')));
    expect(await host.sentences(shop(sharing('B')))).toEqual([]);
  });

  test('restarts whoever asked to be restarted with what it depends on', async () => {
    const after = (...names: string[]): Written => ({
      services: {
        app: { spec: environment(...names) },
        calm: { dependsOn: [{ service: 'app' }] },
        worker: { dependsOn: [{ service: 'app', restart: true }] },
      },
    });
    const host = await running(after('A'));
    expect(await host.sentences(shop(after('B')))).toEqual([
      'replace container shop-app-1: environment changed in Git',
      'restart container shop-worker-1: app, which it depends on, is replaced',
    ]);
  });

  test('removes what Git no longer names once the rest is done, the highest replica first', async () => {
    const host = await running({ services: { app: { replicas: 3 }, old: {} }, networks: [{ key: 'back' }] });
    expect(await host.sentences(shop({ services: { app: { spec: environment('A') } } }))).toEqual([
      'replace container shop-app-1: environment changed in Git',
      'remove container shop-app-3: Git no longer names it',
      'remove container shop-app-2: Git no longer names it',
      'remove container shop-old-1: Git no longer names it',
      'remove network shop_back: Git no longer names it',
    ]);
  });

  test('lets an orphan that holds a name or a port of the host make way for what needs it', async () => {
    const hostPort = String(await freePort());
    const publishing = { ports: [{ containerPort: 80, protocol: 'tcp', hostPort, published: true }] };
    const host = await running({ services: { old: { containerName: 'front' } } });
    expect(await host.sentences(shop({ services: { app: { containerName: 'front' } } }))).toEqual([
      'replace container front: it takes over from front, which Git no longer names',
    ]);
    const publisher = await running({ services: { old: { spec: publishing } } });
    expect(await publisher.sentences(shop({ services: { app: { spec: publishing } } }))).toEqual([
      'replace container shop-app-1: it takes over from shop-old-1, which Git no longer names',
    ]);
  });

  test('lets an orphan make way that holds a fixed address, and two services change theirs', async () => {
    const at = (ipv4Address: string) => ({ spec: { networks: [{ network: 'default', ipv4Address }] } });
    const orphan = await running({ services: { old: at('10.9.8.7') } });
    expect(await orphan.sentences(shop({ services: { app: at('10.9.8.7') } }))).toEqual([
      'replace container shop-app-1: it takes over from shop-old-1, which Git no longer names',
    ]);
    const host = await running({ services: { a: at('10.9.8.7'), b: at('10.9.8.8') } });
    const swapped: Written = { services: { a: at('10.9.8.8'), b: at('10.9.8.7') } };
    for (let tries = 0; tries < 3; tries += 1) {
      await host.settle(shop(swapped));
      host.engine.nowMs += 3_600_000;
    }
    expect(await host.sentences(shop(swapped))).toEqual([]);
  });

  test('removes a stack that Git no longer gives to the host, containers before networks, volumes never', async () => {
    const host = await running({ ...APP, volumes: [{ key: 'data' }] });
    expect(await host.sentences({ ...shop(APP), stacks: [], removals: ['shop'] })).toEqual([
      'remove container shop-app-1: Git no longer gives the stack to this host',
      'remove network shop_default: Git no longer gives the stack to this host',
    ]);
  });

  test('leaves a stack alone that is neither wanted nor to be removed', async () => {
    const host = await running(APP);
    expect(await host.sentences({ ...shop(APP), stacks: [] })).toEqual([]);
  });
});
