import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { verifyPlainBundle } from '@mooring/agent';
import {
  Assignment,
  Bundle,
  type Event,
  MAX_GENERATION_AHEAD_MS,
  PAYLOAD_TYPES,
  Severity,
  STREAMS,
  type TreeMount,
  treeDigest,
} from '@mooring/proto';
import { eventually } from '../../support/eventually.ts';
import { AgentLog } from '../agent-log.ts';
import { answerOf } from '../answer.ts';
import { type Forge, withServices } from '../forge.ts';
import type { Place } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';

const OTHER_FLEET = '00000000-0000-7000-8000-000000000000';
/** The field of the host once more: protobuf takes the last. */
const OTHER_HOST = Buffer.from(Assignment.encode(Assignment.fromPartial({ host: 'web-2' })).finish());
/** Messages of a flood, as fast as the broker stores them. */
const FLOOD = 1000;
const FLOOD_BYTES = 200_000;

/** Rows 76 to 89: what whoever owns the broker sends to an agent that runs. */
export function messageRows(place: Place, forge: Forge): Group {
  const log = new AgentLog(place.agentLog);
  const pushed = (title: string, make: () => Uint8Array | Promise<Uint8Array>, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: async () => {
      const envelope = await make();
      log.mark();
      await forge.push(envelope);
      return log.refusal();
    },
  });
  // Some are what only an attacker sends: the hub is told so, once a minute for each code.
  const suspected = (title: string, make: () => Uint8Array, wanted: RegExp): Row => ({
    ...titled(title),
    wanted: new RegExp(`${wanted.source}.*; told as a security event$`),
    give: async () => {
      const known = await newestEvent(place);
      log.mark();
      await forge.push(make());
      const refusal = await log.refusal();
      await eventually('the agent tells the hub', () => suspicion(place, known, refusal));
      return `${refusal}; told as a security event`;
    },
  });
  // A stack that is refused does not stop the others: the agent tells the hub.
  const staged = (title: string, make: () => Promise<Uint8Array>, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: async () => {
      const known = await newestEvent(place);
      await forge.push(await make());
      return eventually('the agent tells the hub of the stack', () => refusedStack(place, known));
    },
  });
  // One event of a kind is told per minute: other spellings go to what reads bundles.
  const read = (title: string, spoil: (bundle: Bundle) => Uint8Array, wanted: RegExp): Row => ({
    ...titled(title),
    wanted,
    give: async () => {
      const bytes = spoil(await forge.bundle());
      return answerOf(async () => verifyPlainBundle('shop', bytes));
    },
  });
  const envelope = () => JSON.parse(forge.sign({ generation: forge.next() }).toString());
  const edited = (edit: (document: ReturnType<typeof envelope>) => object) => () =>
    Buffer.from(JSON.stringify(edit(envelope())));
  const many = (document: ReturnType<typeof envelope>, count: number) => ({
    ...document,
    signatures: Array.from({ length: count }, () => document.signatures[0]),
  });
  return {
    name: 'Messages of the broker',
    close: () => forge.broker.close(),
    takers: [place.agentTaker, place.hubTaker],
    good: async () => {
      log.mark();
      await forge.push(forge.good());
      await log.acceptance();
    },
    rows: [
      pushed('76: nothing', () => Buffer.of(), /^ASSIGNMENT_FORMAT: /),
      pushed('76: no JSON', () => Buffer.from('hello'), /^ASSIGNMENT_FORMAT: /),
      pushed(
        '76: JSON that ends early',
        () => Buffer.from(JSON.stringify(envelope())).subarray(0, -10),
        /^ASSIGNMENT_FORMAT: /,
      ),
      pushed(
        '76: JSON nested 100,000 deep',
        () => Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
        /^ASSIGNMENT_FORMAT: /,
      ),
      tooLarge(place, forge, log),
      pushed(
        '77: no signature',
        edited((document) => ({ ...document, signatures: [] })),
        /^ASSIGNMENT_UNSIGNED: /,
      ),
      pushed(
        '77: a thousand signatures',
        edited((document) => many(document, 1000)),
        /^ASSIGNMENT_FORMAT: /,
      ),
      pushed(
        '77: an unknown key',
        () => forge.sign({ generation: forge.next() }, { key: forge.stranger }),
        /^ASSIGNMENT_KEY_UNKNOWN: /,
      ),
      pushed(
        '77: the name of the right key on the signature of another',
        edited((document) => ({
          ...document,
          signatures: [{ ...document.signatures[0], sig: Buffer.alloc(64, 1).toString('base64') }],
        })),
        /^ASSIGNMENT_SIGNATURE: /,
      ),
      pushed(
        '77: one bit that flipped',
        edited((document) => ({ ...document, payload: flipped(document.payload) })),
        /^ASSIGNMENT_SIGNATURE: /,
      ),
      pushed(
        '78: another type, rightly signed',
        () => forge.sign({ generation: forge.next() }, { type: PAYLOAD_TYPES.trust }),
        /^ASSIGNMENT_TYPE: /,
      ),
      pushed(
        '79: base64 with a character that is none',
        edited((document) => ({
          ...document,
          payload: `${document.payload.slice(0, -4)}*${document.payload.slice(-3)}`,
        })),
        /^ASSIGNMENT_FORMAT: |^ASSIGNMENT_SIGNATURE: /,
      ),
      pushed(
        '79: base64 with white space',
        edited((document) => ({
          ...document,
          payload: `${document.payload.slice(0, 8)} \n${document.payload.slice(8)}`,
        })),
        /^ASSIGNMENT_FORMAT: /,
      ),
      urlSafe(forge, log),
      pushed(
        '80: the type twice, the second another',
        () => Buffer.from(JSON.stringify(envelope()).replace(/\}$/, ',"payloadType":"x"}')),
        /^ASSIGNMENT_(FORMAT|TYPE|SIGNATURE): /,
      ),
      // Before the next one, which is refused for the same: each code is told once a minute.
      suspected(
        '81: another host',
        () => forge.sign({ generation: forge.next(), host: 'web-2' }),
        /^ASSIGNMENT_WRONG_HOST: .*web-2/,
      ),
      pushed(
        '80: the host twice, the second another, rightly signed',
        () => forge.signBytes(Buffer.concat([forge.payload({ generation: forge.next() }), OTHER_HOST])),
        /^ASSIGNMENT_(FORMAT|WRONG_HOST): /,
      ),
      pushed('80: garbage, rightly signed', () => forge.signBytes(Buffer.of(0xff, 0xff, 0xff)), /^ASSIGNMENT_FORMAT: /),
      suspected(
        '81: another fleet',
        () => forge.sign({ generation: forge.next(), fleetId: OTHER_FLEET }),
        /^ASSIGNMENT_WRONG_FLEET: /,
      ),
      suspected(
        '82: a lower generation',
        () => forge.sign({ generation: forge.newest.generation - 1n }),
        /^ASSIGNMENT_ROLLBACK: /,
      ),
      suspected(
        '82: the same generation with other content',
        () => forge.sign({ reason: 'another one' }),
        /^ASSIGNMENT_EQUIVOCATION: /,
      ),
      pushed(
        '82: a generation two days ahead',
        () => forge.sign({ generation: BigInt(Date.now() + 2 * MAX_GENERATION_AHEAD_MS) }),
        /^ASSIGNMENT_FUTURE: /,
      ),
      pushed('82: a generation of 2^64 - 1', () => forge.sign({ generation: 2n ** 64n - 1n }), /^ASSIGNMENT_FUTURE: /),
      staged(
        '84: a path that climbs',
        () => forge.withBundle((bundle) => withTreePath(bundle, '../x')),
        /^BUNDLE_PATH: /,
      ),
      read('84: an absolute path', (bundle) => withTreePath(bundle, '/etc/x'), /^BUNDLE_PATH: /),
      read('84: a path of 4 KiB', (bundle) => withTreePath(bundle, `${'x/'.repeat(2048)}x`), /^BUNDLE_PATH: /),
      read(
        '84: one path twice',
        (bundle) => withTree(bundle, (tree) => [...tree.entries, ...tree.entries]),
        /^BUNDLE_(PATH|FORMAT): /,
      ),
      read(
        '84: a field of a later release',
        (bundle) => Buffer.concat([Bundle.encode(bundle).finish(), Buffer.of(0xf8, 0x3f, 1)]),
        /^BUNDLE_FORMAT: /,
      ),
      staged(
        '84: a feature of a later release',
        () => forge.withBundle((bundle) => Bundle.encode({ ...bundle, requires: ['teleport.v9'] }).finish()),
        /^BUNDLE_FEATURE_UNKNOWN: .*teleport\.v9/,
      ),
      staged('85: an object with other bytes', () => forge.withOtherBytes(), /^OBJECT_DIGEST: /),
      staged('85: a spec that is not what its digest says', () => forge.withBundle(withOtherImage), /^BUNDLE_FORMAT: /),
      pushed(
        '86: keys that are sealed for nobody',
        () => forge.sign({ generation: forge.next(), sealedMaterial: Buffer.alloc(200, 3) }),
        /^ASSIGNMENT_SEAL: /,
      ),
      flood(place, forge),
      otherSubject(forge, log),
      emptied(place, forge, log),
    ],
  };
}

/** The broker takes 1 MB at most; the hub's own door for larger ones refuses beyond 4 MiB. */
function tooLarge(place: Place, forge: Forge, log: AgentLog): Row {
  return {
    number: 76,
    input: '8 MiB',
    wanted: /^the broker: .*(maximum payload|MAX_PAYLOAD)/i,
    give: async () => {
      log.mark();
      try {
        await forge.push(Buffer.alloc(8 * 2 ** 20, '{'));
      } catch (error) {
        return `the broker: ${error instanceof Error ? error.message : String(error)}; the agent ${place.agent?.running === true ? 'runs' : 'died'}`;
      }
      return log.refusal();
    },
  };
}

function urlSafe(forge: Forge, log: AgentLog): Row {
  return {
    number: 79,
    input: 'base64 of the other alphabet, which DSSE allows',
    wanted: /^accepted$/,
    give: async () => {
      const document = JSON.parse(forge.good().toString());
      const [signature] = document.signatures;
      const safe = (text: string) => text.replaceAll('+', '-').replaceAll('/', '_');
      const envelope = {
        ...document,
        payload: safe(document.payload),
        signatures: [{ ...signature, sig: safe(signature.sig) }],
      };
      log.mark();
      await forge.push(Buffer.from(JSON.stringify(envelope)));
      return log.outcome();
    },
  };
}

function flood(place: Place, forge: Forge): Row {
  return {
    number: 87,
    input: `a flood of ${FLOOD} messages of ${FLOOD_BYTES / 1000} kB`,
    wanted: /^the agent runs, and the hub hears from it$/,
    give: async () => {
      const junk = Buffer.alloc(FLOOD_BYTES, '[');
      for (let sent = 0; sent < FLOOD; sent += 50)
        await Promise.all(Array.from({ length: 50 }, () => forge.push(junk)));
      await eventually('the hub hears from the agent', async () => {
        const { host } = await place.clients.fleet.getHost({ name: 'web-1' });
        if (host?.online !== true) throw new Error('it is offline');
      });
      return place.agent?.running === true ? 'the agent runs, and the hub hears from it' : 'the agent died';
    },
  };
}

function otherSubject(forge: Forge, log: AgentLog): Row {
  return {
    number: 88,
    input: 'headers alone that name the subject of another host',
    wanted: /^ASSIGNMENT_FORMAT: /,
    give: async () => {
      log.mark();
      await forge.broker.publish('mooring.v1.assignment.web-1', Buffer.of(), {
        'Nats-Subject': 'mooring.v1.assignment.web-2',
      });
      return log.refusal();
    },
  };
}

/** The broker answers 404 from now on. */
function emptied(place: Place, forge: Forge, log: AgentLog): Row {
  return {
    number: 89,
    input: 'a broker whose streams were emptied',
    wanted: /^the accepted assignment stays/,
    give: async () => {
      const before = accepted(place);
      log.mark();
      await forge.broker.purge(STREAMS.assignments);
      await forge.broker.purge(STREAMS.objects);
      await place.clients.admin.sync({});
      return accepted(place).equals(before) ? 'the accepted assignment stays' : 'the accepted assignment changed';
    },
  };
}

function accepted(place: Place): Buffer {
  const status = JSON.parse(readFileSync(`${place.host('web-1')}/run/status.json`, 'utf8'));
  return createHash('sha256').update(String(status.acceptedGeneration)).digest();
}

async function eventsOf({ clients }: Place) {
  const request = { host: 'web-1', stack: '', severity: Severity.SEVERITY_UNSPECIFIED, pageSize: 100, pageToken: '' };
  return (await clients.fleet.listEvents(request)).events;
}

async function newestEvent(place: Place): Promise<string> {
  const [newest] = await eventsOf(place);
  return newest === undefined ? '' : keyOf(newest);
}

/** The refusal of a stack that came after an event. */
async function refusedStack(place: Place, known: string): Promise<string> {
  const events = await eventsSince(place, known);
  const found = events.find(({ kind }) => kind === 'stack.refused');
  if (found === undefined) throw new Error(`the newest is ${events[0]?.kind}`);
  return `${found.code}: ${found.message}`;
}

/** The security event of a refusal that came after an event. */
async function suspicion(place: Place, known: string, refusal: string): Promise<void> {
  const told = (await eventsSince(place, known)).filter(({ severity }) => severity === Severity.SEVERITY_SECURITY);
  if (!told.some(({ kind, code }) => kind === 'assignment.refused' && refusal.startsWith(`${code}: `)))
    throw new Error(`${told.length} security events are there: ${told.map(({ code }) => code).join()}`);
}

async function eventsSince(place: Place, known: string): Promise<Event[]> {
  const events = await eventsOf(place);
  const age = events.findIndex((event) => keyOf(event) === known);
  return events.slice(0, age === -1 ? events.length : age);
}

function keyOf({ sequence, atMs }: Event): string {
  return `${sequence} ${atMs}`;
}

function flipped(payload: string): string {
  const bytes = Buffer.from(payload, 'base64');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return bytes.toString('base64');
}

function withTreePath(bundle: Bundle, path: string): Uint8Array {
  return withTree(bundle, (tree) => tree.entries.map((entry) => ({ ...entry, path })));
}

function withTree(bundle: Bundle, change: (tree: TreeMount) => TreeMount['entries']): Uint8Array {
  return withServices(bundle, (service) => {
    if (service.container === undefined) return service;
    const mounts = service.container.mounts.map((mount) => {
      if (mount.source?.$case !== 'tree') return mount;
      const tree = { digest: '', entries: change(mount.source.value) };
      return { ...mount, source: { $case: 'tree' as const, value: { ...tree, digest: treeDigest(tree) } } };
    });
    return { ...service, container: { ...service.container, mounts } };
  });
}

function withOtherImage(bundle: Bundle): Uint8Array {
  const services = bundle.services.map((service) => ({
    ...service,
    container: service.container && { ...service.container, image: 'other:1' },
  }));
  return Bundle.encode({ ...bundle, services }).finish();
}
