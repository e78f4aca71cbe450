import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { issueServerCertificate } from '../enrol/server-certificate.ts';
import { issueAuthority } from '../enrol/x509.ts';
import { type BoundedHttp, boundedHttp } from './git-http.ts';

// Nothing here takes long: the bound is for a machine that is busy.
const DEADLINE_MS = 30_000;
const MAX_BYTES = 1000;

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

/** Serves on this machine; what came is kept. */
async function serve(answer: RequestListener, tls?: { cert: string; key: string }) {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    answer(request, response);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`, requests, server };
}

function http(limits: { maxBytes?: number; signal?: AbortSignal } = {}): BoundedHttp {
  return boundedHttp({ maxBytes: MAX_BYTES, signal: AbortSignal.timeout(DEADLINE_MS), ...limits });
}

async function read(conversation: BoundedHttp, request: Parameters<BoundedHttp['request']>[0]): Promise<string> {
  const { body } = await conversation.request(request);
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

describe('a question to a Git server', () => {
  test('carries the headers it was given and nobody else, whatever the URL says', async () => {
    const { url, requests } = await serve((_, response) => response.end('yes'));
    const withUser = url.replace('//', '//somebody:secret@');
    await expect(read(http(), { url: withUser, headers: { accept: 'x/y' } })).resolves.toBe('yes');
    expect(requests.map(({ headers }) => headers)).toEqual([
      { host: expect.any(String), connection: 'keep-alive', accept: 'x/y', 'accept-encoding': 'identity' },
    ]);
  });

  test('carries its body whole, with its length', async () => {
    const { url, requests } = await serve((request, response) => request.pipe(response));
    const body = [Buffer.from('one '), Buffer.from('two')];
    await expect(read(http(), { url, method: 'POST', body })).resolves.toBe('one two');
    expect(requests.map(({ method, headers }) => [method, headers['content-length']])).toEqual([['POST', '7']]);
  });

  test('gets status, headers and the URL that answered', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(403, 'No', [
        ['X-Twice', 'a'],
        ['X-Twice', 'b'],
      ]);
      response.end();
    });
    expect(await http().request({ url })).toMatchObject({
      url,
      statusCode: 403,
      statusMessage: 'No',
      headers: { 'x-twice': 'a, b' },
    });
  });
});

describe('a connection that the server closed meanwhile', () => {
  /** Drops the connection that a second request comes over. */
  const onceEach: RequestListener = (request, response) => {
    if (asked.has(request.socket)) return request.socket.destroy();
    asked.add(request.socket);
    return response.end('yes');
  };
  const asked = new WeakSet();

  test('costs a question nothing', async () => {
    const { url, requests } = await serve(onceEach);
    const conversation = http();
    for (const _ of ['first', 'second']) await expect(read(conversation, { url })).resolves.toBe('yes');
    expect(requests).toHaveLength(3);
  });

  test('ends what carries a body, which is not sent twice', async () => {
    const { url, requests } = await serve(onceEach);
    const conversation = http();
    const post = { url, method: 'POST', body: [Buffer.from('x')] };
    await expect(read(conversation, post)).resolves.toBe('yes');
    await expect(read(conversation, post)).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(requests).toHaveLength(2);
  });
});

describe('an answer', () => {
  test('that is cut short is a failure, even to who takes its end for the end', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const conversation = http();
    await expect(read(conversation, { url })).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(() => conversation.throwFailure()).toThrow(expect.objectContaining({ code: 'SOURCE_UNREACHABLE' }));
  });

  test('that stops in the middle is given up at the deadline', async () => {
    const { url } = await serve((_, response) => void response.write('half'));
    const deadline = new AbortController();
    const { body } = await http({ signal: deadline.signal }).request({ url });
    expect(await body.next()).toMatchObject({ done: false });
    const rest = body.next();
    deadline.abort();
    await expect(rest).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
  });

  test('counts with those before it', async () => {
    const { url } = await serve((_, response) => response.end('x'.repeat(MAX_BYTES / 2)));
    const conversation = http();
    for (const _ of ['first', 'second']) await read(conversation, { url });
    await expect(read(conversation, { url })).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
  });

  test('that nobody reads is let go of with the conversation', async () => {
    const { url, requests } = await serve((_, response) => void response.write('half'));
    const conversation = http();
    await conversation.request({ url });
    const [request] = requests;
    if (request === undefined) throw new Error('the server was not asked');
    conversation.close();
    await once(request.socket, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) });
  });

  test('that does not come names every address by the last', async () => {
    const { url, server } = await serve(() => undefined);
    await new Promise((closed) => server.close(closed));
    servers.pop();
    const named = url.replace('127.0.0.1', 'localhost');
    await expect(http().request({ url: named })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: expect.stringMatching(/^Cannot reach http:\/\/localhost:\d+: connect ECONNREFUSED 127\.0\.0\.1/),
    });
  });
});

describe('over TLS', () => {
  const defaults = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(defaults));

  test('a server that no authority vouches for hears no question', async () => {
    const { tls } = await certified();
    const { url, requests } = await serve((_, response) => response.end('yes'), tls);
    await expect(http().request({ url, headers: { authorization: 'Basic eDp5' } })).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
    });
    expect(requests).toEqual([]);
  });

  test('a server of a trusted authority is asked, and one that redirects there on the same host', async () => {
    const { tls, authority } = await certified();
    setDefaultCACertificates([...defaults, authority]);
    const safe = await serve((_, response) => response.end('yes'), tls);
    await expect(read(http(), { url: safe.url })).resolves.toBe('yes');
    const plain = await serve((_, response) => response.writeHead(301, { location: safe.url }).end());
    await expect(read(http(), { url: plain.url })).resolves.toBe('yes');
    expect(await http().request({ url: plain.url })).toMatchObject({ url: safe.url });
  });

  test.each<[string, (url: string) => string]>([
    ['down to http', (url) => url],
    ['to another host', (url) => url.replace('http://127.0.0.1', 'https://localhost')],
    ['to a URL with a user', (url) => url.replace('http://', 'https://somebody:secret@')],
    ['to what is no URL', () => 'https://['],
  ])('a redirect %s is not followed', async (_, target) => {
    const { tls, authority } = await certified();
    setDefaultCACertificates([...defaults, authority]);
    const other = await serve((_request, response) => response.end('yes'));
    const safe = await serve((_request, response) => {
      response.writeHead(302, { location: target(other.url) }).end();
    }, tls);
    const refused = http().request({ url: safe.url, headers: { authorization: 'Basic eDp5' } });
    await expect(refused).rejects.toMatchObject({
      code: 'SOURCE_REDIRECT',
      message: expect.not.stringContaining('secret'),
    });
    expect(other.requests).toEqual([]);
  });
});

/** A certificate for this machine, and the authority that signed it. */
async function certified(): Promise<{ readonly tls: { cert: string; key: string }; readonly authority: string }> {
  const root = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const nowMs = Date.now();
  const authority = await issueAuthority('test', root, { notBeforeMs: nowMs, days: 1 });
  const cert = await issueServerCertificate({ certificatePem: authority, key: root }, privateKey, {
    fleetId: 'test',
    addresses: [],
    nowMs,
  });
  return { tls: { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }, authority };
}
