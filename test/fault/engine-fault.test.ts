import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineFaults } from './engine-fault.ts';

const LISTING = JSON.stringify([
  { Id: 'a', Names: ['/one'] },
  { Id: 'b', Names: ['/two'] },
]);

let folder = '';
let engine: Server;
let faults: EngineFaults;
let events: ServerResponse | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mooring-engine-fault-'));
  engine = createServer((asked, answer) => {
    if (asked.url?.includes('/events') === true) {
      events = answer;
      answer.flushHeaders();
    } else answer.end(LISTING);
  });
  engine.listen(join(folder, 'engine.sock'));
  await once(engine, 'listening');
  faults = await EngineFaults.start({ socket: join(folder, 'faulty.sock'), engine: join(folder, 'engine.sock') });
});

afterEach(async () => {
  await faults.close();
  engine.closeAllConnections();
  engine.close();
  await once(engine, 'close');
  rmSync(folder, { recursive: true });
});

interface Told {
  readonly status: number;
  readonly body: string;
}

function ask(method: string, path: string): Promise<Told> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: faults.socket, method, path }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      answer.on('error', reject);
    });
    asking.on('error', reject);
    asking.end();
  });
}

/** What a stream of events said until it ended. */
function follow(): { said: () => string; ended: Promise<void>; begun: Promise<void> } {
  let text = '';
  const ended = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const asking = request({ socketPath: faults.socket, path: '/v1.45/events' }, (answer) => {
    begun.resolve();
    answer.on('data', (chunk) => {
      text += chunk;
    });
    answer.on('error', () => undefined);
    answer.on('close', () => ended.resolve());
  });
  asking.on('error', () => ended.resolve());
  asking.end();
  return { said: () => text, ended: ended.promise, begun: begun.promise };
}

describe('an engine behind a faulty line', () => {
  test('answers as it is while nothing is wrong', async () => {
    expect(await ask('GET', '/v1.45/containers/json')).toEqual({ status: 200, body: LISTING });
    expect([faults.hits, faults.calls]).toEqual([0, 1]);
  });

  test('hangs on the calls that are named, and answers the others', async () => {
    faults.set({ calls: /^GET \/containers\/json$/, does: 'hang' });
    let settled = false;
    const hanging = ask('GET', '/v1.45/containers/json?all=1').finally(() => {
      settled = true;
    });
    hanging.catch(() => undefined);
    expect((await ask('GET', '/v1.45/info')).status).toBe(200);
    expect([settled, faults.hits, faults.mostInFlight]).toEqual([false, 1, 2]);
    faults.set(undefined);
    await expect(hanging).rejects.toThrow();
  });

  test('fails as often as it is told to, then answers', async () => {
    faults.set({ calls: /create/, times: 1, does: { status: 500, message: 'an error of the engine' } });
    expect(await ask('POST', '/containers/create')).toEqual({
      status: 500,
      body: '{"message":"an error of the engine"}',
    });
    expect((await ask('POST', '/containers/create')).status).toBe(200);
    expect(faults.hits).toBe(1);
  });

  test('answers JSON that ends in the middle', async () => {
    faults.set({ does: 'truncate' });
    const { status, body } = await ask('GET', '/containers/json');
    expect([status, body]).toEqual([200, LISTING.slice(0, Math.floor(LISTING.length / 2))]);
    expect(() => JSON.parse(body)).toThrow(SyntaxError);
  });

  test('closes the connection of a call that it refuses', async () => {
    faults.set({ times: 1, does: 'refuse' });
    await expect(ask('GET', '/info')).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect((await ask('GET', '/info')).status).toBe(200);
  });

  test('is slow', async () => {
    faults.set({ does: { slowMs: 80 } });
    const began = performance.now();
    expect((await ask('GET', '/info')).body).toBe(LISTING);
    expect(performance.now() - began).toBeGreaterThan(75);
  });

  test('has a stream of events that says nothing, and one that is cut', async () => {
    const heard = follow();
    await heard.begun;
    events?.write('an event\n');
    while (heard.said() === '') await new Promise((resolve) => setImmediate(resolve));
    expect(faults.cutEvents()).toBe(1);
    await heard.ended;
    faults.set({ calls: /events/, does: 'silence' });
    const deaf = follow();
    await deaf.begun;
    events?.end('another event\n');
    await deaf.ended;
    expect([heard.said(), deaf.said()]).toEqual(['an event\n', '']);
  });
});
