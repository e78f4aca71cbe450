import { bundleOf, type Written, type WrittenService } from '@mooring/agent/fakes';
import type { InventoryHost, Rendering } from '@mooring/hub/fakes';
import { Bundle, DriftMode, digestOf } from '@mooring/proto';
import type { Random } from './random.ts';

/** Begins every value that must never leave a host. */
export const CANARY = 'canary-3f9d';
/** Images by what becomes of their containers. */
export const GOOD_IMAGES = ['app:1', 'app:2', 'app:3'] as const;
export const BAD_IMAGES = ['crashes:1', 'sick:1'] as const;
const STACKS = ['blog', 'shop', 'wiki'] as const;
const CONTENTS = ['listen 80;', 'listen 8080;', 'listen 443 ssl;'].map((text) => Buffer.from(`server { ${text} }`));

/** What a fleet is to run: stacks by name, and which hosts run which. */
export interface Tree {
  readonly stacks: ReadonlyMap<string, Written>;
  /** By host: names of its stacks. */
  readonly placed: ReadonlyMap<string, readonly string[]>;
}

/** A tree whose images are all good. */
export function firstTree(hosts: readonly string[], random: Random): Tree {
  const stacks = new Map(STACKS.map((stack) => [stack, written(random, GOOD_IMAGES)] as const));
  return { stacks, placed: new Map(hosts.map((host) => [host, placement(random)])) };
}

/** The tree of the next commit: one stack reads differently, or a host gets and loses stacks. */
export function nextTree(tree: Tree, random: Random, images: readonly string[]): Tree {
  const hosts = [...tree.placed.keys()];
  const host = random.pick(hosts);
  if (host !== undefined && random.chance(0.3))
    return { ...tree, placed: new Map([...tree.placed, [host, placement(random)]]) };
  const stack = random.pick(STACKS) ?? 'shop';
  return { ...tree, stacks: new Map([...tree.stacks, [stack, written(random, images)]]) };
}

/** The same tree without images that never run well. */
export function mended(tree: Tree, random: Random): Tree {
  const isBad = ({ services = {} }: Written) =>
    Object.values(services).some(({ spec }) => (BAD_IMAGES as readonly string[]).includes(imageOf(spec)));
  const stacks = [...tree.stacks].map(
    ([stack, each]) => [stack, isBad(each) ? written(random, GOOD_IMAGES) : each] as const,
  );
  return { ...tree, stacks: new Map(stacks) };
}

function imageOf(spec: object | undefined): string {
  return spec !== undefined && 'image' in spec ? String(spec.image) : '';
}

function placement(random: Random): readonly string[] {
  const chosen = STACKS.filter(() => random.chance(0.7));
  return chosen.length === 0 ? ['shop'] : chosen;
}

function written(random: Random, images: readonly string[]): Written {
  const service = (more: object = {}): WrittenService => {
    const image = random.pick(images) ?? 'app:1';
    const environment = [
      { name: 'MODE', value: String(random.between(1, 4)) },
      { name: 'TOKEN', value: `${CANARY}-${random.between(1, 4)}` },
    ];
    const memoryBytes = String(random.between(1, 4) * 64 * 2 ** 20);
    return { spec: { image, environment, memoryBytes, restart: { name: 'unless-stopped' }, ...more }, replicas: 1 };
  };
  const content = random.pick(CONTENTS) ?? Buffer.alloc(0);
  const file = { digest: digestOf(content), executable: false };
  const web = service({
    mounts: [
      { target: '/data', volume: 'data' },
      { target: '/etc/app.conf', readOnly: true, file },
    ],
  });
  return {
    services: { web: { ...web, replicas: random.between(1, 2) }, ...(random.chance(0.6) ? { worker: service() } : {}) },
    volumes: [{ key: 'data' }],
  };
}

/** A stack as hosts get it. */
export interface Built {
  readonly bundle: Bundle;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

const built = new Map<string, Built>();
const byDigest = new Map<string, Built>();

/** What was built with that digest. */
export function builtOf(digest: string): Built | undefined {
  return byDigest.get(digest);
}

/** The bundle of a stack; the same stack is built once. */
export function build(stack: string, written: Written): Built {
  const key = JSON.stringify([stack, written]);
  const there = built.get(key);
  if (there !== undefined) return there;
  const plain = bundleOf(stack, written);
  const used = CONTENTS.filter((content) => key.includes(digestOf(content)));
  const bundle = { ...plain, files: used.map((each) => ({ digest: digestOf(each), size: BigInt(each.byteLength) })) };
  const bytes = Bundle.encode(bundle).finish();
  const made = { bundle, bytes, digest: digestOf(bytes) };
  built.set(key, made);
  byDigest.set(made.digest, made);
  return made;
}

/** A tree as the hub's stages take it. */
export function rendering(tree: Tree, inventory: readonly InventoryHost[]): Rendering {
  const stacks = new Map([...tree.stacks].map(([stack, each]) => [stack, build(stack, each)] as const));
  const objects = [...stacks].map(([stack, { bytes, digest }]) => ({ plainDigest: digest, bytes, stack }));
  const contents = CONTENTS.map((bytes) => ({ plainDigest: digestOf(bytes), bytes, stack: '' }));
  const classes = [...stacks].map(([stack, { bundle, digest }]) => {
    return { stack, bundleDigest: digest, bundle, files: bundle.files.map((file) => file.digest) };
  });
  const hosts = inventory.map(({ name, labels }) => ({
    host: name,
    labels,
    problems: [],
    stacks: [...(tree.placed.get(name) ?? [])].sort().flatMap((stack) => {
      const made = stacks.get(stack);
      const mode = DriftMode.DRIFT_MODE_CORRECT;
      return made === undefined ? [] : [{ stack, bundleDigest: made.digest, driftMode: mode, ignore: [] }];
    }),
  }));
  return { classes, objects: [...objects, ...contents], hosts, warnings: [], classesRendered: classes.length };
}
