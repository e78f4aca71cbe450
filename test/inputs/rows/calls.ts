import { gzipSync } from 'node:zlib';
import {
  ConnectRequest,
  GetHubRequest,
  Hello,
  ListEventsRequest,
  ListHostsRequest,
  Report,
  Severity,
  StackState,
} from '@mooring/proto';
import { Follow } from '../follow.ts';
import type { Place } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';
import { framed, Wire, type WireCall } from '../wire.ts';

const MIB = 2 ** 20;
const GET_HUB = 'mooring.v1.FleetService/GetHub';
const LIST_HOSTS = 'mooring.v1.FleetService/ListHosts';
const LIST_EVENTS = 'mooring.v1.FleetService/ListEvents';
const CONNECT = 'mooring.v1.AgentService/Connect';
const NOTHING = framed(GetHubRequest.encode({}).finish());
/** Streams of one connection, below what the hub takes. */
const WATCHERS = 30;
/** Commits that every watcher would be told of. */
const CHANGES = 3;
/** A host that has joined and whose agent does not run: its stream is free. */
const HOST = 'web-2';

/** Rows 60 to 65 and 69 to 75: what is said in calls of a connection that is honest. */
export function callRows(place: Place): Group {
  const asked = (title: string, call: WireCall, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: () => over(Wire.socket(place.data), call),
  });
  const hosts = (change: Partial<ListHostsRequest>) => [
    framed(ListHostsRequest.encode(ListHostsRequest.fromPartial(change)).finish()),
  ];
  const streamed = (title: string, messages: readonly ConnectRequest[], wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: () =>
      over(Wire.tls(place.ports.grpc, place.credentials(HOST)), {
        method: CONNECT,
        body: messages.map((message) => framed(ConnectRequest.encode(message).finish())),
      }),
  });
  const reported = (title: string, report: Partial<Report>, wanted: RegExp): Row =>
    streamed(
      title,
      [
        hello({}),
        { message: { $case: 'report', value: Report.fromPartial({ sequence: 1n, full: true, host: {}, ...report }) } },
      ],
      wanted,
    );
  const stack = (change: Partial<StackState>) => StackState.fromPartial({ stack: 'shop', ...change });
  return {
    name: 'Calls',
    takers: [place.hubTaker],
    good: async () => {
      const answer = await over(Wire.socket(place.data), { method: GET_HUB, body: [NOTHING] });
      if (!answer.startsWith('grpc-status 0 ')) throw new Error(`a good call ends with ${answer}`);
    },
    rows: [
      impostor(place),
      asked(
        '61: a message of 2 MiB',
        { method: LIST_HOSTS, body: hosts({ selector: 'x'.repeat(2 * MIB) }) },
        /^grpc-status 8 /,
      ),
      asked(
        '61: a message that says it has 4 GiB',
        { method: GET_HUB, body: [framed(Buffer.of(), { length: 0xffffffff })] },
        /^grpc-status 8 /,
      ),
      asked(
        '62: a message of 64 MiB, compressed to 64 kB',
        {
          method: LIST_HOSTS,
          headers: { 'grpc-encoding': 'gzip' },
          body: [framed(gzipSync(Buffer.alloc(64 * MIB)), { compressed: true })],
        },
        /^grpc-status 8 .*1048576/,
      ),
      asked(
        '62: a compressed message that is damaged',
        {
          method: LIST_HOSTS,
          headers: { 'grpc-encoding': 'gzip' },
          body: [framed(Buffer.from('not gzip'), { compressed: true })],
        },
        /^grpc-status 13 .*decompress/,
      ),
      asked(
        '63: garbage',
        { method: LIST_HOSTS, body: [framed(Buffer.alloc(1000, 0xff))] },
        /^grpc-status 3 INVALID_ARGUMENT: /,
      ),
      asked(
        '63: a field of another kind',
        { method: LIST_HOSTS, body: [framed(Buffer.of(0x1a, 0x7f, 1))] },
        /^grpc-status 3 INVALID_ARGUMENT: /,
      ),
      asked(
        '63: 500,000 groups in each other',
        { method: LIST_HOSTS, body: [framed(Buffer.alloc(500_000, 0x7b))] },
        /^grpc-status 3 INVALID_ARGUMENT: /,
      ),
      asked(
        '64: a method that there is not',
        { method: 'mooring.v1.FleetService/DropAll', body: [NOTHING] },
        /^grpc-status 12 /,
      ),
      asked('64: a service that there is not', { method: 'evil.v1.Service/Do', body: [NOTHING] }, /^grpc-status 12 /),
      asked(
        '64: another content type',
        { method: GET_HUB, headers: { 'content-type': 'text/html' }, body: [NOTHING] },
        /^HTTP 415/,
      ),
      asked(
        '65: a deadline of nothing',
        { method: GET_HUB, headers: { 'grpc-timeout': '0n' }, body: [NOTHING] },
        /^grpc-status (0|4) /,
      ),
      asked(
        '65: a deadline of ten years',
        { method: GET_HUB, headers: { 'grpc-timeout': '87600H' }, body: [NOTHING] },
        /^grpc-status 0 /,
      ),
      asked(
        '65: a deadline that is none',
        { method: GET_HUB, headers: { 'grpc-timeout': 'soon' }, body: [NOTHING] },
        /^grpc-status 13 .*grpc-timeout/,
      ),
      slowWatchers(place),
      streamed('70: a report whose sequence comes twice', [hello({}), report(1n), report(1n)], /^grpc-status 0 /),
      // The older one is passed over, and a full one is asked for.
      streamed('70: a report whose sequence goes back', [hello({}), report(5n), report(3n)], /^grpc-status 0 /),
      streamed(
        '70: a report whose sequence jumps to 2^63',
        [hello({}), report(2n ** 63n)],
        /^grpc-status 3 INVALID_ARGUMENT: .*sequence/,
      ),
      reported(
        '71: a time before all times',
        { stacks: [stack({ sinceMs: -1n })] },
        /^grpc-status 3 INVALID_ARGUMENT: .*time of a stack/,
      ),
      reported(
        '71: a time beyond all times',
        { stacks: [stack({ sinceMs: 2n ** 62n })] },
        /^grpc-status 3 INVALID_ARGUMENT: .*time of a stack/,
      ),
      reported(
        '72: a name of a stack with a null character',
        { stacks: [stack({ stack: 'a\0b' })] },
        /^grpc-status 3 INVALID_ARGUMENT: .*stack/,
      ),
      reported('72: a reason of 900 kB', { stacks: [stack({ reason: 'x'.repeat(900_000) })] }, /^grpc-status 0 /),
      reported(
        '72: 10,000 containers',
        {
          stacks: [
            stack({
              services: [
                {
                  service: 'web',
                  health: 0,
                  reason: '',
                  desired: 1,
                  ready: 0,
                  containers: Array.from({ length: 10_000 }, (_, index) => ({
                    id: String(index),
                    name: '',
                    status: '',
                    health: '',
                    image: '',
                    imageId: '',
                    specDigest: '',
                    startedAtMs: 0n,
                    ports: [],
                    replica: 0,
                    exitCode: 0,
                    restarts: 0,
                  })),
                },
              ],
            }),
          ],
        },
        /^grpc-status 3 INVALID_ARGUMENT: .*containers/,
      ),
      asked(
        '72: text that is no UTF-8',
        { method: LIST_HOSTS, body: [framed(Buffer.of(0x1a, 2, 0xc3, 0x28))] },
        /^grpc-status \d+ (FLEET_SELECTOR|INVALID_ARGUMENT): /,
      ),
      streamed('73: a protocol of a later release', [hello({ protocol: 99 })], /^grpc-status 9 UPGRADE_REQUIRED: /),
      streamed('73: no protocol', [hello({ protocol: 0 })], /^grpc-status 9 UPGRADE_REQUIRED: /),
      streamed('73: no hello', [report(1n)], /^grpc-status 3 INVALID_ARGUMENT: .*a hello is wanted/),
      asked(
        '74: a page of 10^9',
        { method: LIST_HOSTS, body: hosts({ pageSize: 1_000_000_000 }) },
        /^grpc-status 3 INVALID_ARGUMENT: .*1000/,
      ),
      asked(
        '74: a page token of nobody',
        { method: LIST_HOSTS, body: hosts({ pageToken: '../../etc' }) },
        /^grpc-status 3 INVALID_ARGUMENT: /,
      ),
      asked(
        '74: a page token of 500 kB',
        {
          method: LIST_EVENTS,
          body: [
            framed(
              ListEventsRequest.encode(ListEventsRequest.fromPartial({ pageToken: 'x'.repeat(500_000) })).finish(),
            ),
          ],
        },
        /^grpc-status 3 INVALID_ARGUMENT: /,
      ),
      asked(
        '74: a regular expression for a selector',
        { method: LIST_HOSTS, body: hosts({ selector: '(a+)+$' }) },
        /^grpc-status 9 FLEET_SELECTOR: /,
      ),
      asked(
        '75: headers of 256 KiB',
        { method: GET_HUB, headers: { x: 'y'.repeat(256 * 1024) }, body: [NOTHING] },
        /^(grpc-status [38] |HTTP 431|stream closed|connection closed)/,
      ),
      asked(
        '75: a binary header that is no base64',
        { method: GET_HUB, headers: { 'x-bin': '***' }, body: [NOTHING] },
        /^grpc-status (0|3|13) |^HTTP 4|^stream closed/,
      ),
    ],
  };
}

/** Its own certificate says who it is. */
function impostor(place: Place): Row {
  return {
    number: 60,
    input: 'a host that speaks for another',
    wanted: /^grpc-status 7 ID_MISMATCH: .*web-1.*; told as a security event$/,
    give: async () => {
      const answer = await over(Wire.tls(place.ports.grpc, place.credentials(HOST)), {
        method: CONNECT,
        body: [framed(ConnectRequest.encode(hello({ host: 'web-1' })).finish())],
      });
      const severity = Severity.SEVERITY_SECURITY;
      const asked = ListEventsRequest.fromPartial({ host: HOST, severity, pageSize: 10 });
      const { events } = await place.clients.fleet.listEvents(asked);
      const told = events.some(({ kind, code }) => kind === 'identity.mismatch' && code === 'ID_MISMATCH');
      return `${answer}; ${told ? 'told as a security event' : 'told to nobody'}`;
    },
  };
}

/** What is written for who never reads must not pile up; a stream that stalls is ended by the hub, as its own tests show. */
function slowWatchers(place: Place): Row {
  const follow = new Follow(place);
  return {
    number: 69,
    input: `${WATCHERS} watchers that take nothing, while the fleet changes`,
    wanted: /^the hub goes on: grpc-status 0 /,
    give: async () => {
      const wire = Wire.socket(place.data, { settings: { initialWindowSize: 0 } });
      const watch = { method: 'mooring.v1.FleetService/WatchStatus', body: [NOTHING], read: false };
      const watching = Array.from({ length: WATCHERS }, () => wire.call(watch));
      for (let change = 0; change < CHANGES; change += 1) await follow.good();
      const answer = await over(Wire.socket(place.data), { method: GET_HUB, body: [NOTHING] });
      wire.close();
      await Promise.all(watching);
      return `the hub goes on: ${answer}`;
    },
  };
}

async function over(wire: Wire, call: WireCall): Promise<string> {
  const answer = await wire.call(call);
  wire.close();
  return answer;
}

function hello(change: Partial<Hello>): ConnectRequest {
  const value = Hello.fromPartial({
    host: HOST,
    protocol: 1,
    agentVersion: '0.1.0',
    outboxId: 'outbox',
    bootId: 'boot',
    machineId: 'machine',
    ...change,
  });
  return { message: { $case: 'hello', value } };
}

function report(sequence: bigint): ConnectRequest {
  return { message: { $case: 'report', value: Report.fromPartial({ sequence, full: true, host: {} }) } };
}
