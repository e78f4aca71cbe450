import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openEngine } from './docker.ts';
import type { Engine } from './engine.ts';

const VERSION = { Version: '28.0.0', ApiVersion: '1.48' };
const CONTAINER = {
  Id: 'a1',
  Name: '/web',
  Image: 'sha256:1',
  Config: { Image: 'app:1', Env: ['PASSWORD=hunter2'], Labels: {} },
  State: { Status: 'running', StartedAt: '2026-01-01T00:00:00Z' },
  HostConfig: {},
  Mounts: [],
};

/** An engine that answers each path, without the version, as the test says. */
class Answering {
  readonly folder = mkdtempSync(join(tmpdir(), 'mooring-docker-'));
  readonly socket = join(this.folder, 'docker.sock');
  readonly answers = new Map<string, (answer: ServerResponse) => void>();
  readonly asked: string[] = [];
  /** Connections that were made. */
  connections = 0;
  readonly #server = createServer(({ url = '' }, answer) => {
    const path = url.replace(/^\/v\d+\.\d+/, '');
    this.asked.push(path);
    const say = this.answers.get(path.replace(/\?.*/, ''));
    if (say === undefined) answer.writeHead(404).end('{"message":"no such thing"}');
    else say(answer);
  }).on('connection', () => {
    this.connections += 1;
  });

  async start(): Promise<Engine> {
    this.says('/version', VERSION);
    this.#server.listen(this.socket);
    await once(this.#server, 'listening');
    return await openEngine(this.socket);
  }

  says(path: string, json: unknown): void {
    this.answers.set(path, (answer) => void answer.end(typeof json === 'string' ? json : JSON.stringify(json)));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    rmSync(this.folder, { recursive: true });
  }
}

let answering: Answering;
let engine: Engine;

beforeEach(async () => {
  answering = new Answering();
  engine = await answering.start();
});
afterEach(() => answering.close());

describe('an answer that is odd or cut is an error with a code, never "none"', () => {
  const lists: [string, string, () => Promise<unknown>][] = [
    ['containers', '/containers/json', () => engine.listContainers()],
    ['networks', '/networks', () => engine.listNetworks()],
    ['volumes', '/volumes', () => engine.listVolumes()],
    ['what is on a network', '/networks/n1', () => engine.attachedTo('n1')],
    ['an image', '/images/i1/json', () => engine.inspectImage('i1')],
    ['the engine itself', '/info', () => engine.describe()],
  ];
  for (const [title, path, ask] of lists) {
    test.each(['', 'null', '[', '{}', '[{}]', '"text"', '<html>'])(`${title} as %s`, async (text) => {
      answering.says(path, text);
      // Nothing at all is what an engine says of itself that says nothing about itself.
      if (path === '/info' && text === '{}') return expect(await ask()).toMatchObject({ version: '28.0.0' });
      await expect(ask()).rejects.toMatchObject({ code: 'ENGINE_ERROR' });
    });

    test(`${title} that break off`, async () => {
      answering.answers.set(path, (answer) => {
        answer.writeHead(200, { 'Content-Length': 1000 }).write('[');
        answer.socket?.destroySoon();
      });
      await expect(ask()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    });

    test(`${title} that fail`, async () => {
      answering.answers.set(path, (answer) => void answer.writeHead(500).end('{"message":"database is locked"}'));
      await expect(ask()).rejects.toMatchObject({
        code: 'ENGINE_ERROR',
        message: expect.stringContaining('database is locked'),
      });
    });
  }

  test.each(['', 'null', '{', '{}', '[]', '{"Id":"a1","Name":"/web"}'])('a container as %s', async (text) => {
    answering.says('/containers/a1/json', text);
    await expect(engine.inspectContainer('a1')).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' });
  });

  test('no error tells what the answer held', async () => {
    answering.says('/containers/a1/json', JSON.stringify(CONTAINER).replace('hunter2"', 'hunter2'));
    const error = await engine.inspectContainer('a1').catch((reason: unknown) => reason);
    const texts: string[] = [];
    for (let cause = error; cause instanceof Error; cause = cause.cause) texts.push(cause.message);
    expect(texts.join('\n')).not.toContain('hunter2');
    expect(texts[0]).toContain('no JSON');
  });

  test('no volumes are none', async () => {
    answering.says('/volumes', { Volumes: null });
    expect(await engine.listVolumes()).toEqual([]);
  });
});

describe('asking again', () => {
  test('takes the connections that are there, and the same words mean the same object', async () => {
    answering.says('/containers/json', [{ Id: 'a1', Names: ['/web'] }]);
    answering.says('/containers/a1/json', CONTAINER);
    const first = [await engine.listContainers(), await engine.inspectContainer('a1')];
    const again = [await engine.listContainers(), await engine.inspectContainer('a1')];
    expect([again[0] === first[0], again[1] === first[1]]).toEqual([true, true]);
    // One for the question about the version, one for all others.
    expect(answering.connections).toBe(2);
    answering.says('/containers/a1/json', { ...CONTAINER, Name: '/other' });
    expect((await engine.inspectContainer('a1'))?.name).toBe('other');
  });

  test('goes on where the engine closed what was idle', async () => {
    answering.says('/containers/json', []);
    await engine.listContainers();
    answering.answers.set('/containers/json', (answer) => {
      answering.says('/containers/json', []);
      answer.socket?.destroy();
    });
    expect(await engine.listContainers()).toEqual([]);
  });

  test('what is gone is undefined', async () => {
    expect(await engine.inspectContainer('gone')).toBeUndefined();
    expect(await engine.imageId('gone:1')).toBeUndefined();
    expect(await engine.attachedTo('gone')).toBeUndefined();
  });
});

describe('an answer that does not come', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** Has a path be silent; tells when it was asked, and when its connection was closed. */
  function silence(path: string) {
    const [asked, closed] = [Promise.withResolvers<ServerResponse>(), Promise.withResolvers<void>()];
    answering.answers.set(path, (answer) => {
      answer.on('close', () => closed.resolve());
      asked.resolve(answer);
    });
    return { asked: asked.promise, closed: closed.promise };
  }

  test('of the whole engine is ENGINE_UNRESPONSIVE at its deadline, and its connection is closed', async () => {
    const silent = silence('/containers/json');
    const listing = engine.listContainers().catch((error: unknown) => error);
    await silent.asked;
    vi.advanceTimersByTime(15_000);
    expect(await listing).toMatchObject({ code: 'ENGINE_UNRESPONSIVE' });
    await silent.closed;
  });

  test('about one container holds up nothing else, and is told as soon as it comes', async () => {
    answering.says('/containers/json', [
      { Id: 'a1', Names: ['/web'] },
      { Id: 'b2', Names: ['/db'] },
    ]);
    answering.says('/containers/b2/json', { ...CONTAINER, Id: 'b2', Name: '/db' });
    answering.answers.set('/events', (answer) => answer.flushHeaders());
    await engine.listContainers();
    const silent = silence('/containers/a1/json');
    const stop = new AbortController();
    const changes = engine.changes('a=b', stop.signal)[Symbol.asyncIterator]();
    const told = changes.next();
    const inspecting = engine.inspectContainer('a1').catch((error: unknown) => error);
    const answer = await silent.asked;
    expect((await engine.inspectContainer('b2'))?.name).toBe('db');
    vi.advanceTimersByTime(5_000);
    expect(await inspecting).toMatchObject({ code: 'CONTAINER_UNKNOWN', message: expect.stringContaining('web') });
    // No time goes by: it is not waited for a second time, nor asked while a question is open.
    await expect(engine.inspectContainer('a1')).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' });
    expect(answering.asked.filter((path) => path === '/containers/a1/json')).toHaveLength(1);
    answer.end(JSON.stringify(CONTAINER));
    expect(await told).toEqual({ done: false, value: [{ container: 'a1', action: 'answers' }] });
    answering.says('/containers/a1/json', CONTAINER);
    expect((await engine.inspectContainer('a1'))?.name).toBe('web');
    stop.abort();
    await changes.return?.();
  });

  test('about one container is given up in the end, and asked for again', async () => {
    const silent = silence('/containers/a1/json');
    const inspecting = engine.inspectContainer('a1').catch((error: unknown) => error);
    await silent.asked;
    vi.advanceTimersByTime(5_000);
    await inspecting;
    vi.advanceTimersByTime(60_000);
    await silent.closed;
    const second = silence('/containers/a1/json');
    await vi.waitFor(async () => {
      vi.advanceTimersByTime(30_000);
      await expect(engine.inspectContainer('a1')).rejects.toMatchObject({ code: 'CONTAINER_UNKNOWN' });
      expect(answering.asked.filter((path) => path === '/containers/a1/json')).toHaveLength(2);
    });
    (await second.asked).destroy();
  });

  test('to a pull is IMAGE_PULL_STALLED, also in the middle, and the engine need pull no more', async () => {
    for (const begin of [
      () => undefined,
      (answer: ServerResponse) => answer.write('{"status":"Pulling fs layer","id":"l1"}\r\n'),
    ]) {
      const silent = silence('/images/create');
      const pulling = engine.pullImage('app:1', '').catch((error: unknown) => error);
      begin(await silent.asked);
      let failure: unknown;
      void pulling.then((error) => {
        failure = error;
      });
      vi.advanceTimersByTime(299_999);
      expect(failure).toBeUndefined();
      await vi.waitFor(() => {
        vi.advanceTimersByTime(300_000);
        expect(failure).toMatchObject({
          code: 'IMAGE_PULL_STALLED',
          message: 'Cannot pull image app:1: nothing came for 300 s; a registry that goes on is wanted',
        });
      });
      await silent.closed;
    }
  });
});
