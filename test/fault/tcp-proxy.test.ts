import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seeded } from './random.ts';
import type { LineFault } from './tcp-lane.ts';
import { TcpProxy } from './tcp-proxy.ts';

const LOCAL = '127.0.0.1';

let echo: Server;
const served: Socket[] = [];
/** What the server got, in its order. */
const heard: string[] = [];
const closing: (() => Promise<void>)[] = [];

/** Answers whatever it gets. */
beforeEach(async () => {
  echo = createServer((socket) => {
    served.push(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      heard.push(bytes.toString());
      socket.write(bytes);
    });
    socket.on('end', () => socket.end());
  });
  echo.listen(0, LOCAL);
  await once(echo, 'listening');
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const socket of served.splice(0)) socket.destroy();
  heard.length = 0;
  echo.close();
  await once(echo, 'close');
});

async function proxied(fault: LineFault = {}, seed = 1): Promise<TcpProxy> {
  const address = echo.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy = await TcpProxy.start({ listen: { host: LOCAL, port: 0 }, target: { host: LOCAL, port }, seed });
  proxy.set(fault);
  closing.push(() => proxy.close());
  return proxy;
}

interface Client {
  readonly socket: Socket;
  readonly received: () => Buffer;
  /** Resolves when that many bytes came back. */
  readonly bytes: (count: number) => Promise<Buffer>;
}

async function client(proxy: TcpProxy): Promise<Client> {
  const socket = connect(proxy.port, LOCAL);
  const chunks: Buffer[] = [];
  const received = () => Buffer.concat(chunks);
  socket.on('data', (bytes) => chunks.push(bytes));
  socket.on('error', () => socket.destroy());
  closing.push(async () => void socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  const bytes = async (count: number) => {
    while (received().byteLength < count) await once(socket, 'data');
    return received();
  };
  return { socket, received, bytes };
}

/** A reset is an end like any other here. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** One chunk after the other: TCP would join them otherwise. */
async function talk(proxy: TcpProxy, words: readonly string[]): Promise<string> {
  const { socket, bytes } = await client(proxy);
  let sent = 0;
  for (const word of words) {
    socket.write(word);
    sent += word.length;
    await bytes(sent);
  }
  return (await bytes(sent)).toString();
}

describe('a line', () => {
  test('passes everything on as it is, also the end', async () => {
    const proxy = await proxied();
    const content = Buffer.alloc(300_000, 'all of it');
    const { socket, bytes } = await client(proxy);
    socket.write(content);
    expect((await bytes(content.byteLength)).equals(content)).toBe(true);
    socket.end();
    await closed(socket);
    expect(proxy.counts).toMatchObject({ connections: 1, bytes: 600_000, corrupted: 0, lost: 0, delayed: 0 });
  });

  test('takes its time, in order, when it is slow', async () => {
    const proxy = await proxied({ latencyMs: 30, jitterMs: 20 });
    const began = performance.now();
    expect(await talk(proxy, ['one ', 'two ', 'three'])).toBe('one two three');
    // Three words, each there and back.
    expect(performance.now() - began).toBeGreaterThan(6 * 30 - 10);
    expect(proxy.counts.delayed).toBe(6);
  });

  test('brings what it loses once more, later', async () => {
    const proxy = await proxied({ lossShare: 1 });
    const began = performance.now();
    expect(await talk(proxy, ['lost'])).toBe('lost');
    expect(performance.now() - began).toBeGreaterThan(390);
    expect(proxy.counts.lost).toBe(2);
  });

  test('changes one bit of a chunk that it corrupts', async () => {
    const proxy = await proxied({ corruptShare: 1 });
    const word = 'a word that nobody changes';
    const { socket, bytes } = await client(proxy);
    socket.write(word);
    const answer = await bytes(word.length);
    const differing = [...answer].filter((byte, index) => byte !== word.charCodeAt(index));
    expect(differing.length).toBeGreaterThan(0);
    expect(proxy.counts.corrupted).toBe(2);
  });

  test('lets a chunk overtake another when it reorders', async () => {
    const proxy = await proxied({ reorderShare: 1, latencyMs: 200 });
    const { socket, bytes } = await client(proxy);
    socket.write('first ');
    // It waits its latency out; what comes meanwhile is there to overtake it.
    while (proxy.counts.bytes < 6) await new Promise((resolve) => setImmediate(resolve));
    socket.write('second ');
    await bytes(13);
    expect(heard.join('')).toBe('second first ');
    expect(proxy.counts.reordered).toBeGreaterThan(0);
  });

  test('drips no faster than it is told to', async () => {
    const proxy = await proxied({ dripBytesPerSecond: 1000 });
    const began = performance.now();
    const { socket, bytes } = await client(proxy);
    socket.write(Buffer.alloc(200, 'x'));
    await bytes(200);
    expect(performance.now() - began).toBeGreaterThan(140);
    expect(proxy.counts.dripped).toBe(400);
  });

  test('resets all connections when it is cut, and takes new ones', async () => {
    const proxy = await proxied();
    const { socket, bytes } = await client(proxy);
    socket.write('x');
    await bytes(1);
    const gone = closed(socket);
    proxy.cut();
    await gone;
    expect(proxy.counts.cut).toBe(1);
    expect(await talk(proxy, ['again'])).toBe('again');
  });

  test('says nothing when it is half open, and resets what lost bytes once it is whole', async () => {
    const proxy = await proxied();
    const one = await client(proxy);
    const untouched = await client(proxy);
    untouched.socket.write('y');
    await untouched.bytes(1);
    proxy.set({ halfOpen: true });
    one.socket.write('swallowed');
    while (proxy.counts.swallowed < 9) await new Promise((resolve) => setImmediate(resolve));
    expect([one.socket.destroyed, one.received().byteLength]).toEqual([false, 0]);
    const gone = closed(one.socket);
    proxy.set({});
    await gone;
    untouched.socket.write('y');
    expect((await untouched.bytes(2)).toString()).toBe('yy');
  });

  test('closes new connections at once when it refuses', async () => {
    const proxy = await proxied({ refuse: true });
    const { socket } = await client(proxy);
    await closed(socket);
    expect(proxy.counts).toMatchObject({ refused: 1, connections: 0 });
  });
});

describe('numbers of chance', () => {
  test('are the same for the same seed, others for another, and within their bounds', () => {
    const run = (seed: number) => {
      const random = seeded(seed);
      return Array.from({ length: 50 }, () => random.between(3, 9));
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
    expect(new Set(run(7))).toEqual(new Set([3, 4, 5, 6, 7, 8, 9]));
  });
});
