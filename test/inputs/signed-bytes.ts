import { verifyPlainBundle } from '@mooring/agent';
import { buildBundle, loadProject } from '@mooring/hub';
import { Assignment, DriftMode, digestOf } from '@mooring/proto';
import * as fc from 'fast-check';
import { treeOf } from './memory-tree.ts';

/** An assignment with something of everything, as it is signed. */
export const ASSIGNMENT_BYTES = Assignment.encode(
  Assignment.fromPartial({
    fleetId: 'fleet',
    host: 'web-1',
    generation: 7n,
    stacks: ['blog', 'shop'].map((stack) => ({
      stack,
      source: 'https://git.example/fleet.git',
      commit: 'c'.repeat(40),
      release: { bundle: digestOf(Buffer.from(stack)), secrets: [] },
      driftMode: DriftMode.DRIFT_MODE_REPORT,
      ignore: ['services.web.environment.BUILD_ID'],
      hold: { owner: 'ada', reason: 'holidays', expiresAtMs: 1_900_000_000_000n },
    })),
    removals: [{ stack: 'wiki', commit: 'd'.repeat(40), reason: 'Git took it away' }],
    sealedMaterial: Buffer.alloc(40, 5),
    reason: 'commit cccccccccccc: change',
    actor: 'ada',
    issuedAtMs: 1_800_000_000_000n,
  }),
).finish();

const COMPOSE = `services:
  web:
    image: "web:1"
    ports: ["80:80"]
    environment: { A: "1" }
    volumes: ["./www:/www:ro", "./data:/data", "kept:/kept", "/var/log:/log:ro"]
    configs: [c]
    healthcheck: { test: "true", interval: 5s }
networks: { default: {} }
volumes: { kept: {} }
configs: { c: { file: ./c } }
`;

/** A bundle with something of everything, as the hub makes it. */
export async function bundleBytes(): Promise<Uint8Array> {
  const { project } = await loadProject({
    stack: 'shop',
    folder: 's',
    files: ['c.yaml'],
    variables: { get: () => undefined },
    repository: treeOf({ 's/c.yaml': COMPOSE, 's/www/index.html': 'hello\n', 's/www/a/b': 'b\n', 's/c': 'c\n' }),
  });
  const { bytes } = buildBundle(project);
  verifyPlainBundle('shop', bytes);
  return bytes;
}

/** A few cuts and patches anywhere in what a program wrote. */
export function cutAndPatched(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const patch = fc.record({
    at: fc.nat(bytes.byteLength),
    removed: fc.nat(4),
    piece: fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.constantFrom(...PIECES)),
  });
  return fc
    .array(patch, { minLength: 1, maxLength: 3 })
    .map((patches) =>
      patches.reduce(
        (now, { at, removed, piece }) => Buffer.concat([now.subarray(0, at), piece, now.subarray(at + removed)]),
        Buffer.from(bytes),
      ),
    );
}

/** Numbers without end, fields of other kinds, a field that nobody knows, a null character, text that is no UTF-8. */
const PIECES = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80],
  [0x0b],
  [0x7a, 0x01, 0x00],
  [0x30, 0x63],
  [0xc3, 0x28],
].map((bytes) => Uint8Array.from(bytes));
