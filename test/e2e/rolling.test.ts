import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Fleet, startFleet, type TestHost } from '../support/fleet.ts';
import { Load } from '../support/load.ts';
import { importProgram } from '../support/program-image.ts';
import { toolPath } from '../support/tools.ts';

const PORT = 18080;
/** Requests before, during and after a change: enough that a gap of a tenth of a second is hit. */
const FEW_REQUESTS = 200;
/** What the proxy said last, where a request failed. */
const PROXY_LOG_CHARACTERS = 4000;

let fleet: Fleet;
let host: TestHost;
let load: Load | undefined;

/** As proxies before containers are set up: names asked anew all the time, checks, and another try elsewhere for what never reached a server. */
const PROXY = `
global
  log stdout format raw local0 notice
defaults
  log global
  mode http
  timeout check 10s
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  retries 5
  option redispatch 1
  retry-on conn-failure empty-response
resolvers docker
  nameserver dns 127.0.0.11:53
  timeout resolve 500ms
  timeout retry 500ms
  hold valid 500ms
frontend web
  bind :8080
  default_backend web
backend web
  option httpchk GET /
  server-template web 6 web:8080 check inter 300ms fall 2 rise 1 resolvers docker init-addr none
`;

/** An application that takes its time to start, answers its version, and ends what it is at when it is told to stop. */
const APPLICATION = `
defaults
  mode http
  timeout client 30s
frontend web
  bind :8080
  http-request return status 200 content-type text/plain string "\${VERSION}"
`;

const files = (version: string, update: string) => ({
  'fleet.yaml': 'version: 1\nstacks:\n  shop: { hosts: [web-1] }\n',
  'stacks/shop/proxy.cfg': PROXY,
  'stacks/shop/app.cfg': APPLICATION,
  'stacks/shop/compose.yaml': `
services:
  proxy:
    image: local/haproxy:1
    command: [/bin/haproxy, -f, /etc/proxy.cfg]
    ports: ['${PORT}:8080']
    configs: [{ source: proxy, target: /etc/proxy.cfg }]
  web:
    image: local/haproxy:1
    command: [/bin/sh, -c, 'sleep 1; exec /bin/haproxy -f /etc/app.cfg']
    stop_signal: SIGUSR1
    healthcheck: { test: wget -q -O /dev/null http://127.0.0.1:8080/, interval: 500ms }
    environment: { VERSION: ${version} }
    configs: [{ source: app, target: /etc/app.cfg }]
    deploy: { replicas: 2${update} }
configs:
  proxy: { file: proxy.cfg }
  app: { file: app.cfg }
`,
});

const START_FIRST = ', update_config: { order: start-first }';

beforeAll(async () => {
  fleet = await startFleet([{ name: 'web-1', engine: '28' }], { 'fleet.yaml': 'version: 1\n' });
  host = fleet.host('web-1');
  await importProgram(fleet.folder.path, host.engine.socket, {
    repo: 'local/haproxy',
    tag: '1',
    program: toolPath('MOORING_HAPROXY'),
    folders: ['etc', 'tmp'],
    applets: ['sh', 'sleep', 'wget'],
    changes: ['ENV PATH=/bin'],
  });
});

afterEach(async () => {
  await load?.stop();
  load = undefined;
});

afterAll(async () => {
  await fleet?.close();
});

const page = () => fleet.fetch(host, PORT);

/** A change under load: what became of the requests that were sent from before its commit until after it was done. */
async function changeUnderLoad(change: Readonly<Record<string, string>>, version: string) {
  const running = new Load(fleet.folder.path, fleet.network.hub, `http://${host.address}:${PORT}/`);
  load = running;
  await fleet.moor(version, change);
  await eventually('only the new version answers', async () => {
    // Two replicas take turns.
    expect([await page(), await page()]).toEqual([version, version]);
  });
  return await ended(running);
}

/** What became of a load, with what the proxy said of its servers. */
async function ended(running: Load) {
  const { text, ...counts } = await running.end();
  const log = await host.engine.docker.getContainer('shop-proxy-1').logs({ stdout: true, stderr: true });
  return { ...counts, text: `${text}\n${log.toString('utf8').slice(-PROXY_LOG_CHARACTERS)}` };
}

describe('a change of a service of two replicas behind a proxy, under load', () => {
  test('fails no request where the new containers start first', async () => {
    await fleet.moor('first', files('v1', START_FIRST));
    await eventually('the proxy answers', async () => expect(await page()).toBe('v1'));
    const before = await host.startTimes();
    const report = await changeUnderLoad(files('v2', START_FIRST), 'v2');
    expect(report.failed, report.text).toBe(0);
    expect(report.requests).toBeGreaterThan(FEW_REQUESTS);
    const after = await host.startTimes();
    expect(Object.keys(after)).toEqual(['shop-proxy-1', 'shop-web-1', 'shop-web-2']);
    expect(after['shop-proxy-1']).toBe(before['shop-proxy-1']);
    expect(after['shop-web-2']).not.toBe(before['shop-web-2']);
  });

  test('fails no request where the new version never becomes healthy: the old one goes on', async () => {
    const before = await host.startTimes();
    const running = new Load(fleet.folder.path, fleet.network.hub, `http://${host.address}:${PORT}/`);
    load = running;
    const broken = files('v3', START_FIRST);
    const compose = broken['stacks/shop/compose.yaml'].replace('exec /bin/haproxy', 'exit 3; exec /bin/haproxy');
    fleet.repository.commit('broken', { ...broken, 'stacks/shop/compose.yaml': compose });
    await fleet.mooring('sync');
    await eventually('the change has failed', async () => {
      const { stdout } = await fleet.mooring('status', '-o', 'json');
      expect(stdout).toContain('CONTAINER_EXITED');
    });
    const report = await ended(running);
    expect(report.failed, report.text).toBe(0);
    // Beside them the next try may be under way.
    expect(await host.startTimes()).toMatchObject(before);
    expect(await page()).toBe('v2');
  });

  test('fails some where the old ones stop first: the load would notice', async () => {
    const report = await changeUnderLoad(files('v4', ''), 'v4');
    expect(report.failed, report.text).toBeGreaterThan(0);
  });
});
