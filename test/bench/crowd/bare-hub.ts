/**
 * What no hub can be below, in a process of its own: grpc-js alone with the fleet's certificates. `bare-hub.ts DATA PORT [DATABASE]`; it welcomes, answers
 * heartbeats, and acknowledges reports: at once, or after the COMMIT of a bare group commit where a database is named.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { AgentServiceService, ConnectRequest, type ConnectResponse, Pace, Welcome } from '@mooring/proto';
import type { Row } from './bare-writer.ts';
import { answer } from './child.ts';

// The hub's own pace for a small fleet.
const HEARTBEAT_MS = 10_000;

const [data = '', port = '', file] = process.argv.slice(2);

type Stream = ServerDuplexStream<Received, ConnectResponse>;

/** A request and the bytes that it came as: they are stored as they are. */
interface Received {
  readonly request: ConnectRequest;
  readonly bytes: Buffer;
}

interface Waiting {
  readonly row: Row;
  readonly acknowledge: () => void;
}

const { connect } = AgentServiceService;
const definition = {
  connect: {
    ...connect,
    requestDeserialize: (bytes: Buffer): Received => ({ request: ConnectRequest.decode(bytes), bytes }),
  },
};
const store = file === undefined ? undefined : groupCommit(file);

function converse(call: Stream): void {
  let host = '';
  call.on('data', ({ request: { message }, bytes }: Received) => {
    if (message?.$case === 'hello') {
      host = message.value.host;
      call.write({ message: { $case: 'welcome', value: Welcome.fromPartial({ heartbeatIntervalMs: HEARTBEAT_MS }) } });
    }
    if (message?.$case === 'heartbeat') {
      const value = Pace.fromPartial({ sequence: message.value.sequence, heartbeatIntervalMs: HEARTBEAT_MS });
      call.write({ message: { $case: 'pace', value } });
    }
    if (message?.$case === 'report') {
      const { sequence, stacks } = message.value;
      const acknowledge = () => call.write({ message: { $case: 'report', value: { sequence } } });
      if (store === undefined) acknowledge();
      else store({ row: [host, stacks[0]?.stack ?? '', bytes], acknowledge });
    }
  });
  // Connections are cut here: that is the work.
  call.on('error', () => undefined);
  call.on('end', () => call.end());
}

/** While the writer is busy, what comes waits for the next transaction: nothing is delayed, and nothing is committed alone under load. */
function groupCommit(path: string): (waiting: Waiting) => void {
  const writer = new Worker(new URL('./bare-writer.ts', import.meta.url), { workerData: path });
  let next: Waiting[] = [];
  let committing: Waiting[] = [];
  const commit = () => {
    [committing, next] = [next, []];
    writer.postMessage(committing.map(({ row }) => row));
  };
  writer.on('message', () => {
    for (const { acknowledge } of committing) acknowledge();
    committing = [];
    if (next.length > 0) commit();
  });
  return (waiting) => {
    next.push(waiting);
    if (committing.length === 0) commit();
  };
}

const verbs = {
  /** Listens. */
  listen: async (_: undefined): Promise<void> => {
    const key = (name: string) => readFileSync(join(data, 'keys', name));
    const server = new Server();
    server.addService(definition, { connect: converse });
    const credentials = ServerCredentials.createSsl(
      key('ca.crt'),
      [{ private_key: key('hub.key'), cert_chain: key('hub.crt') }],
      true,
    );
    await promisify(server.bindAsync.bind(server))(`127.0.0.1:${port}`, credentials);
  },
};
export type BareHubVerbs = typeof verbs;
answer(verbs);
