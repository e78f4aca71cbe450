import { createHash, generateKeyPairSync } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { containerFields, verifyAssignment, verifyPlainBundle } from '@mooring/agent';
import { canonicalProject, loadProject, parseSelector, readFleet, selects } from '@mooring/hub';
import {
  AdminServiceService,
  AgentServiceService,
  Assignment,
  Bundle,
  DriftMode,
  decodeJoinString,
  EnrolServiceService,
  encodeJoinString,
  FleetServiceService,
  isDigest,
  isStackName,
  keyIdOf,
  MAX_GENERATION_AHEAD_MS,
  MooringError,
  PAYLOAD_TYPES,
  signEnvelope,
} from '@mooring/proto';
import * as fc from 'fast-check';
import { treeOf } from './memory-tree.ts';
import { COMPOSE_TEXT, composeLike, edits, FLEET_TEXT, fleetLike, inspectLike, patched } from './mutations.ts';
import { ASSIGNMENT_BYTES, bundleBytes, cutAndPatched } from './signed-bytes.ts';

/** What must hold for any input. */
export interface Fuzzer {
  readonly name: string;
  readonly property: fc.IAsyncProperty<unknown> | fc.IProperty<unknown>;
}

/** What a fuzzed call threw, if that was said by us; anything else is a fault. */
async function refusalOf(work: () => unknown): Promise<MooringError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof MooringError) return error;
    throw error;
  }
}

function check(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

/** A refusal says where, and never what nobody said. */
function checkPlaced(refusal: MooringError | undefined, file: string): void {
  if (refusal === undefined) return;
  const { place, message } = refusal;
  check(place?.file === file && place.line !== undefined && place.column !== undefined, `no place: ${refusal.message}`);
  check(!/undefined|\[object|NaN/.test(message), message);
}

function project(text: string) {
  return {
    stack: 'shop',
    folder: 's',
    files: ['c.yaml'],
    variables: { get: () => undefined },
    repository: treeOf({
      's/f': 'f',
      's/d/x': 'x',
      's/e.env': 'A=1\n',
      's/p.json': '{}',
      's/b.yaml': 'services: { base: { image: x, volumes: ["./f:/f"] } }\n',
      's/i.yaml': 'services: { part: { image: y } }\n',
      's/c.yaml': text,
    }),
  };
}

const composeText = fc.oneof(
  edits(COMPOSE_TEXT).map((list) => patched(COMPOSE_TEXT, list)),
  composeLike.map((value) => JSON.stringify(value)),
);

const compose: Fuzzer = {
  name: 'a Compose file is loaded, or refused with a place',
  property: fc.asyncProperty(composeText, async (text) => {
    checkPlaced(await refusalOf(() => loadProject(project(text))), 's/c.yaml');
  }),
};

const printing: Fuzzer = {
  name: 'a Compose file is printed, or refused with a place; what is printed is printed as it is',
  property: fc.asyncProperty(composeText, async (text) => {
    const print = (what: string) => canonicalProject({ ...project(what), place: '/p/s', home: '/root' });
    let model: unknown;
    const refusal = await refusalOf(async () => {
      ({ model } = await print(text));
    });
    checkPlaced(refusal, 's/c.yaml');
    // Docker compose escapes dollar signs in keys, where they mean nothing to whoever reads them again.
    if (model === undefined || /"[^"]*\$[^"]*":/.test(JSON.stringify(model))) return;
    const twice = await refusalOf(async () => {
      const second = (await print(JSON.stringify(model))).model;
      check(isDeepStrictEqual(second, model), `printed again: ${JSON.stringify(second)}, not ${JSON.stringify(model)}`);
    });
    check(twice === undefined || NOT_AGAIN.has(twice.code), `what was printed is refused: ${twice?.message}`);
  }),
};

/** What stands in a printed model and is said otherwise when it is read: paths are absolute, and names of resources are said. */
const NOT_AGAIN: ReadonlySet<string> = new Set([
  'COMPOSE_CONFLICT',
  'COMPOSE_PATH_OUTSIDE',
  'GIT_FILE_MISSING',
  'COMPOSE_DEPENDS_UNKNOWN',
]);

const fleet: Fuzzer = {
  name: 'a fleet.yaml is read, or refused with codes and places',
  property: fc.asyncProperty(
    fc.oneof(
      edits(FLEET_TEXT).map((list) => patched(FLEET_TEXT, list)),
      fleetLike.map((value) => JSON.stringify(value)),
    ),
    async (text) => {
      const refusal = await refusalOf(async () => {
        const reading = await readFleet(treeOf({ 'fleet.yaml': text }));
        if (reading.kind === 'fleet') return void reading.warnings([]);
        check(reading.problems.length > 0, 'it is refused for nothing');
        for (const { file, line, message } of reading.problems)
          check(file === 'fleet.yaml' && line > 0 && !/undefined|\[object/.test(message), `no place: ${message}`);
      });
      checkPlaced(refusal, 'fleet.yaml');
    },
  ),
};

const signer = generateKeyPairSync('ed25519');
const NOW_MS = 1_900_000_000_000;
const expectation = {
  keys: [{ keyId: keyIdOf(signer.publicKey), key: signer.publicKey }],
  fleetId: 'fleet',
  host: 'web-1',
  accepted: undefined,
  nowMs: NOW_MS,
};
const envelope = Buffer.from(
  signEnvelope(
    PAYLOAD_TYPES.assignment,
    Assignment.encode(
      Assignment.fromPartial({ fleetId: 'fleet', host: 'web-1', generation: 7n, reason: 'why' }),
    ).finish(),
    signer.privateKey,
  ),
);
const honest = verifyAssignment(envelope, expectation).payloadDigest;

const envelopes: Fuzzer = {
  name: 'an envelope that was changed is refused, or still says what was signed',
  property: fc.asyncProperty(edits(envelope.toString('latin1')), async (list) => {
    const bytes = Buffer.from(patched(envelope.toString('latin1'), list), 'latin1');
    const refusal = await refusalOf(() => {
      check(verifyAssignment(bytes, expectation).payloadDigest === honest, 'it says something else');
    });
    check(refusal === undefined || refusal.code.startsWith('ASSIGNMENT_'), `${refusal?.code}`);
  }),
};

const signedGarbage: Fuzzer = {
  name: 'an assignment that makes no sense is refused, whoever signed it',
  property: fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (payload) => {
    const bytes = signEnvelope(PAYLOAD_TYPES.assignment, payload, signer.privateKey);
    const refusal = await refusalOf(() => verifyAssignment(bytes, expectation));
    check(refusal?.code.startsWith('ASSIGNMENT_') === true, `${refusal?.code}`);
  }),
};

const LATEST_GENERATION = BigInt(NOW_MS) + BigInt(MAX_GENERATION_AHEAD_MS);

const assignments: Fuzzer = {
  name: 'an assignment that was changed before it was signed is refused, or means what it says and makes sense',
  property: fc.asyncProperty(cutAndPatched(ASSIGNMENT_BYTES), async (payload) => {
    const bytes = signEnvelope(PAYLOAD_TYPES.assignment, payload, signer.privateKey);
    const refusal = await refusalOf(() => {
      const { assignment } = verifyAssignment(bytes, expectation);
      const { fleetId, host, generation, stacks, removals } = assignment;
      check(fleetId === 'fleet' && host === 'web-1', `it is for ${fleetId} and ${host}`);
      check(generation > 0n && generation <= LATEST_GENERATION, `its generation is ${generation}`);
      const names = [...stacks, ...removals].map(({ stack }) => stack);
      check(new Set(names).size === names.length && names.every(isStackName), `it names ${names.join()}`);
      check(
        stacks.every(({ release, driftMode }) => isDigest(release?.bundle ?? '') && driftMode in DRIFT_MODES),
        'a stack makes no sense',
      );
      const again = Assignment.decode(Assignment.encode(assignment).finish());
      check(isDeepStrictEqual(again, assignment), 'it is read otherwise than it is written');
    });
    check(refusal === undefined || refusal.code.startsWith('ASSIGNMENT_'), `${refusal?.code}`);
  }),
};

/** By number. */
const DRIFT_MODES = Object.fromEntries(Object.values(DriftMode).map((mode) => [mode, true]));

const honestBundle = await bundleBytes();

const changedBundles: Fuzzer = {
  name: 'a bundle that was changed is refused, or says exactly what its bytes say',
  property: fc.asyncProperty(cutAndPatched(honestBundle), async (plain) => {
    const refusal = await refusalOf(() => {
      const bundle = verifyPlainBundle('shop', plain);
      check(bundle.stack === 'shop' && Buffer.from(Bundle.encode(bundle).finish()).equals(plain), 'it says less');
    });
    check(refusal === undefined || refusal.code.startsWith('BUNDLE_'), `${refusal?.code}`);
  }),
};

const bundles: Fuzzer = {
  name: 'a bundle that makes no sense is refused',
  property: fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (plain) => {
    const refusal = await refusalOf(() => verifyPlainBundle('shop', plain));
    check(refusal?.code.startsWith('BUNDLE_') === true, `${refusal?.code}`);
  }),
};

const METHODS = [AdminServiceService, AgentServiceService, EnrolServiceService, FleetServiceService].flatMap(
  (service) => Object.values(service),
);

const messages: Fuzzer = {
  name: 'bytes are a message that is written as it is read, or none',
  property: fc.property(
    fc.nat(METHODS.length - 1),
    fc.oneof(fc.uint8Array({ maxLength: 200 }), groups(), truncated()),
    (index, bytes) => {
      const method = METHODS[index];
      if (method === undefined) return;
      for (const [read, write] of [
        [method.requestDeserialize, method.requestSerialize],
        [method.responseDeserialize, method.responseSerialize],
      ] as const) {
        const once = decoded(() => write(read(Buffer.from(bytes)) as never));
        if (once === undefined) continue;
        check(Buffer.from(write(read(once) as never)).equals(once), 'it is read otherwise than it is written');
      }
    },
  ),
};

/** What a reader of bytes makes of them; undefined: it says that they are no message. */
function decoded(read: () => Buffer): Buffer | undefined {
  try {
    return read();
  } catch (error) {
    // Everything that the reader throws is an answer; the hub turns it into INVALID_ARGUMENT.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** Groups in each other, which an unknown field may be. */
function groups(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat(20_000), fc.constantFrom(0x0b, 0x13, 0x7b))
    .map(([depth, tag]) => new Uint8Array(depth).fill(tag));
}

/** Lengths that promise more than there is. */
function truncated(): fc.Arbitrary<Uint8Array> {
  const length = fc.constantFrom([0xff, 0xff, 0xff, 0xff, 0x0f], [0x7f], [0xff, 0xff, 0x7f], [0x80]);
  return fc
    .tuple(fc.nat(15), length, fc.uint8Array({ maxLength: 20 }))
    .map(([field, bytes, rest]) => Uint8Array.from([field * 8 + 2, ...bytes, ...rest]));
}

const NAMING = { networkKey: () => undefined, networkId: () => undefined };

const canonical: Fuzzer = {
  name: 'whatever an engine says of a container is read the same twice, in whatever order it stands, or refused',
  property: fc.asyncProperty(inspectLike, async (inspected) => {
    type Inspected = Parameters<typeof containerFields>[0];
    const read = (value: unknown) => [...containerFields(value as Inspected, NAMING)].sort();
    let first: unknown;
    const refusal = await refusalOf(() => {
      first = read(inspected);
    });
    check(refusal === undefined || refusal.code === 'ENGINE_UNSUPPORTED', `${refusal?.code}`);
    if (first === undefined) return;
    check(JSON.stringify(read(inspected)) === JSON.stringify(first), 'it is read otherwise');
    check(JSON.stringify(read(reordered(inspected))) === JSON.stringify(first), 'the order of its keys changes it');
  }),
};

/** The same with the keys of every mapping the other way round. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, reordered(one)]),
  );
}

const selectorText = fc.oneof(
  fc.string({ maxLength: 60, unit: fc.constantFrom(...'ab=!,() /.-_in'.split(''), ' in ', ' notin ', 'ä', '\0') }),
  fc.string({ maxLength: 200 }),
);

const selectors: Fuzzer = {
  name: 'a selector selects, or is refused',
  property: fc.asyncProperty(
    selectorText,
    fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })),
    async (text, labels) => {
      const refusal = await refusalOf(() => {
        const selector = parseSelector(text);
        const verdict = selects(selector, labels);
        check(selects(parseSelector(selector.text), labels) === verdict, 'it selects otherwise');
      });
      check(refusal === undefined || refusal.code === 'FLEET_SELECTOR', `${refusal?.code}`);
    },
  ),
};

const invitation = {
  fleetId: 'fleet',
  fleetName: 'name',
  addresses: ['127.0.0.1:7444'],
  caCertificate: Buffer.alloc(300, 1),
  rootKey: Buffer.alloc(44, 2),
  tokenId: 'token',
  tokenSecret: createHash('sha256').update('secret').digest(),
  host: 'web-1',
  expiresAtMs: NOW_MS,
};
const joinString = encodeJoinString(invitation);

const joins: Fuzzer = {
  name: 'a join string that was changed is refused, or is the same',
  property: fc.asyncProperty(
    fc.oneof(
      edits(joinString).map((list) => patched(joinString, list)),
      fc.string({ maxLength: 300 }),
    ),
    async (text) => {
      const refusal = await refusalOf(() => {
        const found = decodeJoinString(text);
        check(encodeJoinString(found) === joinString, 'it invites somewhere else');
      });
      check(refusal === undefined || /^JOIN_(FORMAT|CHECKSUM)$/.test(refusal.code), `${refusal?.code}`);
    },
  ),
};

/** Everything that is fuzzed. */
export const FUZZERS: readonly Fuzzer[] = [
  compose,
  printing,
  fleet,
  envelopes,
  signedGarbage,
  assignments,
  bundles,
  changedBundles,
  messages,
  canonical,
  selectors,
  joins,
];

/** Gives so many inputs to each; returns what failed, with the seed that repeats it. */
export async function fuzz(runs: number, seed: number, told: (sentence: string) => void): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const { name, property } of FUZZERS) {
    const details = await fc.check(property as fc.IAsyncProperty<unknown>, { numRuns: runs, seed });
    told(`${details.failed ? 'WRONG' : 'holds'}  ${details.numRuns} inputs: ${name}`);
    if (details.failed) failures.push(`${name} (seed ${seed}): ${fc.defaultReportMessage(details)}`);
  }
  return failures;
}
