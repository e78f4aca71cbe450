import { generateKeyPairSync } from 'node:crypto';
import {
  Assignment,
  type DriftMode,
  decodeEnvelope,
  digestOf,
  keyIdOf,
  MAX_ENVELOPE_BYTES,
  MAX_GENERATION_AHEAD_MS,
  PAYLOAD_TYPES,
  signEnvelope,
} from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { type AssignmentDraft, FakeSigner } from './signer.fake.ts';
import { type AssignmentExpectation, verifyAssignment } from './verify-assignment.ts';

const signer = new FakeSigner();
const NOW_MS = 1_900_000_000_000;
const GENERATION = 1_800_000_000_000n;
const stranger = generateKeyPairSync('ed25519').privateKey;
const expected: AssignmentExpectation = {
  keys: signer.keys,
  fleetId: signer.fleetId,
  host: signer.host,
  accepted: undefined,
  nowMs: NOW_MS,
};

const verify = (bytes: Uint8Array, change: Partial<AssignmentExpectation> = {}) =>
  verifyAssignment(bytes, { ...expected, ...change });

function refusalOf(bytes: Uint8Array, change: Partial<AssignmentExpectation> = {}): unknown {
  try {
    verify(bytes, change);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'accepted';
}

/** Each fault is of one step; the later the step, the lower in the list. */
interface Faults {
  readonly unsigned?: boolean;
  readonly key?: boolean;
  readonly signature?: boolean;
  readonly type?: boolean;
  readonly payload?: boolean;
  readonly fleet?: boolean;
  readonly host?: boolean;
  readonly generation?: boolean;
  readonly shape?: boolean;
}

const FUTURE = BigInt(NOW_MS + MAX_GENERATION_AHEAD_MS + 1);

function faulty(faults: Faults): Uint8Array {
  const change = (assignment: Assignment): Assignment => ({
    ...assignment,
    fleetId: faults.fleet ? 'another fleet' : assignment.fleetId,
    host: faults.host ? 'web-2' : assignment.host,
    stacks: faults.shape ? [...assignment.stacks, ...assignment.stacks] : assignment.stacks,
  });
  const draft: AssignmentDraft = {
    generation: faults.generation ? FUTURE : GENERATION,
    stacks: { shop: {} },
    change,
    ...(faults.key && { key: stranger }),
    ...(faults.type && { payloadType: PAYLOAD_TYPES.trust }),
  };
  const envelope = JSON.parse(Buffer.from(signer.assignment(draft)).toString());
  if (faults.signature) envelope.signatures[0].sig = Buffer.alloc(64).toString('base64');
  if (faults.unsigned) envelope.signatures = [];
  return Buffer.from(JSON.stringify(envelope));
}

describe('an assignment', () => {
  test('that is signed for this host is accepted, and named by the digests of envelope and payload', () => {
    const bytes = signer.assignment({ generation: GENERATION, stacks: { shop: {} } });
    const verified = verify(bytes);
    expect(verified).toMatchObject({
      known: false,
      digest: digestOf(bytes),
      payloadDigest: digestOf(decodeEnvelope(bytes).payload),
    });
    expect(verified.assignment).toMatchObject({ generation: GENERATION, stacks: [{ stack: 'shop' }] });
  });

  test('is refused by the first step that it fails, whatever else is wrong with it', () => {
    const laterThan = (first: keyof Faults): Faults => {
      const all: (keyof Faults)[] = ['unsigned', 'key', 'signature', 'type', 'fleet', 'host', 'generation', 'shape'];
      return Object.fromEntries(all.slice(all.indexOf(first)).map((fault) => [fault, true]));
    };
    expect(refusalOf(Buffer.alloc(MAX_ENVELOPE_BYTES + 1, '{'))).toBe('ASSIGNMENT_TOO_LARGE');
    expect(refusalOf(Buffer.from('{'))).toBe('ASSIGNMENT_FORMAT');
    expect(refusalOf(faulty(laterThan('unsigned')))).toBe('ASSIGNMENT_UNSIGNED');
    expect(refusalOf(faulty(laterThan('key')))).toBe('ASSIGNMENT_KEY_UNKNOWN');
    expect(refusalOf(faulty(laterThan('signature')))).toBe('ASSIGNMENT_SIGNATURE');
    expect(refusalOf(faulty(laterThan('type')))).toBe('ASSIGNMENT_TYPE');
    expect(refusalOf(faulty(laterThan('fleet')))).toBe('ASSIGNMENT_WRONG_FLEET');
    expect(refusalOf(faulty(laterThan('host')))).toBe('ASSIGNMENT_WRONG_HOST');
    expect(refusalOf(faulty(laterThan('generation')))).toBe('ASSIGNMENT_FUTURE');
    expect(refusalOf(faulty(laterThan('shape')))).toBe('ASSIGNMENT_FORMAT');
    expect(refusalOf(faulty({}))).toBe('accepted');
  });

  test('is read only after its type is known', () => {
    const key = stranger;
    const trusted = [{ keyId: keyIdOf(key), key }];
    const garbage = Buffer.of(0xff, 0xff, 0xff);
    expect(refusalOf(signEnvelope('text/plain', garbage, key), { keys: trusted })).toBe('ASSIGNMENT_TYPE');
    expect(refusalOf(signEnvelope(PAYLOAD_TYPES.assignment, garbage, key), { keys: trusted })).toBe(
      'ASSIGNMENT_FORMAT',
    );
  });

  test('of a key that the trust file dropped is refused', () => {
    expect(refusalOf(faulty({}), { keys: [] })).toBe('ASSIGNMENT_KEY_UNKNOWN');
  });

  test('quotes what came from outside bounded and escaped', () => {
    const host = `web-2\n${'x'.repeat(10_000)}`;
    const bytes = signer.assignment({ generation: GENERATION, change: (assignment) => ({ ...assignment, host }) });
    expect(() => verify(bytes)).toThrow(/for host "web-2\\nx{74}…"; web-1 is wanted$/);
  });
});

describe('the generation', () => {
  const first = signer.assignment({ generation: GENERATION, stacks: { shop: {} } });
  const accepted = { generation: GENERATION, payloadDigest: digestOf(decodeEnvelope(first).payload) };
  const at = (generation: bigint) => signer.assignment({ generation, stacks: { shop: {} } });

  test('that was accepted is known when its content is the same, also in another envelope', () => {
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(first).toString()), undefined, 2));
    expect(verify(first, { accepted }).known).toBe(true);
    expect(verify(rewritten, { accepted }).known).toBe(true);
  });

  test('that was accepted with other content is equivocation', () => {
    expect(refusalOf(at(GENERATION), { accepted })).toBe('ASSIGNMENT_EQUIVOCATION');
  });

  test('below the accepted one is a rollback, above it is new', () => {
    expect(refusalOf(at(GENERATION - 1n), { accepted })).toBe('ASSIGNMENT_ROLLBACK');
    expect(verify(at(GENERATION + 1n), { accepted }).known).toBe(false);
  });

  test('may be a day ahead of the clock and not a millisecond more', () => {
    expect(refusalOf(at(FUTURE - 1n))).toBe('accepted');
    expect(refusalOf(at(FUTURE))).toBe('ASSIGNMENT_FUTURE');
  });

  test('that was accepted stays known when the clock is set back', () => {
    expect(verify(first, { accepted, nowMs: 0 }).known).toBe(true);
    expect(refusalOf(at(GENERATION + 1n), { accepted, nowMs: 0 })).toBe('ASSIGNMENT_FUTURE');
  });

  test('of 0 is none', () => {
    expect(refusalOf(at(0n))).toBe('ASSIGNMENT_FORMAT');
  });
});

describe('the content of a signed assignment', () => {
  const shaped = (change: (assignment: Assignment) => Partial<Assignment>) =>
    signer.assignment({
      generation: GENERATION,
      stacks: { shop: {} },
      change: (assignment) => Assignment.fromPartial({ ...assignment, ...change(assignment) }),
    });
  const long = 'x'.repeat(2049);
  const changes: Record<string, (assignment: Assignment) => Partial<Assignment>> = {
    'a stack twice': ({ stacks }) => ({ stacks: [...stacks, ...stacks] }),
    'a stack that is also removed': () => ({ removals: [{ stack: 'shop', commit: '', reason: '' }] }),
    'a name that is no stack': ({ stacks }) => ({ stacks: stacks.map((stack) => ({ ...stack, stack: '../shop' })) }),
    'a removal of a name that is no stack': () => ({ removals: [{ stack: '/etc', commit: '', reason: '' }] }),
    'more than 1000 stacks': () => ({
      removals: Array.from({ length: 1000 }, (_, index) => ({ stack: `s${index}`, commit: '', reason: '' })),
    }),
    'more than 256 allowances': () => ({
      allowances: Array.from({ length: 257 }, (_, index) => ({ id: `${index}`, kind: '', objects: [], actor: '' })),
    }),
    'an allowance twice': () => ({ allowances: [0, 1].map(() => ({ id: 'a', kind: '', objects: [], actor: '' })) }),
    'an endless reason': () => ({ reason: long }),
    'an endless actor': () => ({ actor: long }),
    'no sealed material': () => ({ sealedMaterial: Buffer.of() }),
    'no release': ({ stacks }) => ({ stacks: stacks.map((stack) => ({ ...stack, release: undefined })) }),
    'a bundle that is no digest': ({ stacks }) => ({
      stacks: stacks.map((stack) => ({ ...stack, release: { bundle: 'sha256:../..', secrets: [] } })),
    }),
    'a commit that is none': ({ stacks }) => ({ stacks: stacks.map((stack) => ({ ...stack, commit: 'HEAD' })) }),
    'a drift mode of a later release': ({ stacks }) => ({
      stacks: stacks.map((stack) => ({ ...stack, driftMode: 3 as DriftMode })),
    }),
    'an endless source': ({ stacks }) => ({ stacks: stacks.map((stack) => ({ ...stack, source: long })) }),
    'an endless hold': ({ stacks }) => ({
      stacks: stacks.map((stack) => ({ ...stack, hold: { owner: '', reason: long, expiresAtMs: 0n } })),
    }),
    'more than 256 ignore rules': ({ stacks }) => ({
      stacks: stacks.map((stack) => ({ ...stack, ignore: Array(257).fill('services.web.image') })),
    }),
    'an endless ignore rule': ({ stacks }) => ({
      stacks: stacks.map((stack) => ({ ...stack, ignore: ['x'.repeat(513)] })),
    }),
  };

  test.each(Object.entries(changes))('is refused with %s', (_, change) => {
    expect(refusalOf(shaped(change))).toBe('ASSIGNMENT_FORMAT');
  });

  test('may name no stack and need no keys', () => {
    expect(refusalOf(shaped(() => ({ stacks: [], sealedMaterial: Buffer.of() })))).toBe('accepted');
  });

  test('may name 1000 stacks and removals', () => {
    const removals = Array.from({ length: 999 }, (_, index) => ({ stack: `s${index}`, commit: '', reason: '' }));
    expect(refusalOf(shaped(() => ({ removals })))).toBe('accepted');
  });
});
