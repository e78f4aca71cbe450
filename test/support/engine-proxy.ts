import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';

/** Stands in front of an engine's socket, passes everything on as it is, counts what may change something, and swallows what it is told to. */
export interface EngineProxy {
  /** Where clients connect. */
  readonly socket: string;
  /** Requests that only read: a count that shows that anybody asked. */
  readonly reads: number;
  /** How often each request that is neither GET nor HEAD was sent, by method and path without the version of the API. */
  changes(): Readonly<Record<string, number>>;
  /** Begins to count anew. */
  reset(): void;
  /** Requests for a path, without the version of the API, get no answer until `release`. */
  swallow(path: string): void;
  /** Passes on what was swallowed, and swallows nothing any more. */
  release(): void;
  close(): Promise<void>;
}

/** The methods of HTTP that change nothing. */
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Starts a proxy between two sockets. */
export async function startEngineProxy(paths: {
  readonly socket: string;
  readonly engine: string;
}): Promise<EngineProxy> {
  const { socket, engine } = paths;
  let reads = 0;
  let changes = new Map<string, number>();
  const swallowed = new Map<string, (() => void)[]>();
  const count = (asked: IncomingMessage) => {
    const { method = '' } = asked;
    if (READING.has(method)) reads += 1;
    else {
      const path = `${method} ${pathOf(asked)}`;
      changes.set(path, (changes.get(path) ?? 0) + 1);
    }
  };
  const server = createServer((asked, answer) => {
    count(asked);
    const held = swallowed.get(pathOf(asked));
    if (held === undefined) forward(asked, answer, { engine });
    else held.push(() => forward(asked, answer, { engine }));
  });
  // An attach or exec takes the connection over: from there on it is bytes in both directions.
  server.on('upgrade', (asked: IncomingMessage, client: Socket, head: Buffer) => {
    count(asked);
    takeOver(asked, { client, head, engine });
  });
  // A stream of events may be silent for as long as nothing happens.
  server.requestTimeout = 0;
  server.timeout = 0;
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    get reads() {
      return reads;
    },
    changes: () => Object.fromEntries([...changes].sort()),
    reset: () => {
      reads = 0;
      changes = new Map();
    },
    swallow: (path) => void swallowed.set(path, []),
    release: () => {
      const held = [...swallowed.values()].flat();
      swallowed.clear();
      for (const pass of held) pass();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(socket, { force: true });
    },
  };
}

/** Without the version of the API and what follows the path. */
function pathOf({ url = '' }: IncomingMessage): string {
  return url.replace(/^\/v\d+\.\d+/, '').replace(/\?.*/, '');
}

/** Asks the engine what was asked, and hands its answer on: as it is, unless somebody else does that. */
export function forward(
  asked: IncomingMessage,
  answer: ServerResponse,
  onward: { readonly engine: string; readonly pass?: (told: IncomingMessage, answer: ServerResponse) => void },
): void {
  const { method, url, rawHeaders } = asked;
  const { engine, pass = passOn } = onward;
  const asking = request({ socketPath: engine, method, path: url, headers: rawHeaders, setDefaultHeaders: false });
  asking.on('response', (told) => pass(told, answer));
  // An engine that does not answer is to look like one here too.
  asking.on('error', () => answer.destroy());
  answer.on('close', () => asking.destroy());
  asked.pipe(asking);
}

function passOn(told: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(told.statusCode ?? 502, told.statusMessage, told.rawHeaders);
  // Headers go at once: whoever follows events waits for them, not for the first event.
  answer.flushHeaders();
  told.pipe(answer);
  told.on('error', () => answer.destroy());
}

/** Gives a connection over to the engine: from there on it is bytes in both directions. */
export function takeOver(asked: IncomingMessage, parts: { client: Socket; head: Buffer; engine: string }): void {
  const { client, head, engine } = parts;
  const onward = connect(engine);
  const { method, url, httpVersion, rawHeaders } = asked;
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []));
  onward.write(`${method} ${url} HTTP/${httpVersion}\r\n${lines.join('\r\n')}\r\n\r\n`);
  onward.write(head);
  onward.pipe(client);
  client.pipe(onward);
  for (const [one, other] of [
    [onward, client],
    [client, onward],
  ] as const)
    one.on('error', () => other.destroy()).on('close', () => other.destroy());
}
