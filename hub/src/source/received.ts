import { Bundle, digestOf, MooringError } from '@mooring/proto';
import { MAX_OBJECT_BYTES } from '../render/object-limit.ts';
import type { InventoryHost, RenderedClass, Rendering } from '../render/rendering.ts';
import type { Reply, WireRendering } from './task.ts';

const KINDS: ReadonlySet<string> = new Set<Reply['kind']>([
  'commit',
  'reading',
  'rendered',
  'refused',
  'failed',
  'compacted',
]);

/** Takes a message of the disposable process for a reply, or throws SOURCE_CHILD_FAILED. */
export function asReply(message: unknown): Reply {
  if (typeof message === 'object' && message !== null && 'kind' in message && KINDS.has(String(message.kind))) {
    // Both ends are this program; what counts of the content is checked where it is used.
    return message as Reply;
  }
  throw refused('it sent something that is not a reply');
}

/** Checks what came back before anything is published: names of hosts, digests of contents, sizes. Throws SOURCE_CHILD_FAILED or RENDER_TOO_LARGE. */
export function receivedRendering(wire: WireRendering, inventory: readonly InventoryHost[]): Rendering {
  const bytes = wire.objects.reduce((sum, object) => sum + object.bytes.byteLength, 0);
  if (bytes > MAX_OBJECT_BYTES) {
    throw new MooringError(
      'RENDER_TOO_LARGE',
      `Cannot accept the rendering: it has ${bytes} bytes; at most ${MAX_OBJECT_BYTES} are taken`,
    );
  }
  for (const object of wire.objects) {
    if (digestOf(object.bytes) !== object.plainDigest) throw refused(`object ${object.plainDigest} has another digest`);
  }
  const names = new Set(inventory.map((host) => host.name));
  const classes = wire.classes.map(receivedClass);
  const digests = new Set(classes.map((rendered) => rendered.bundleDigest));
  for (const host of wire.hosts) {
    if (!names.has(host.host)) throw refused('it names a host that is not in the inventory');
    if (host.stacks.some((stack) => !digests.has(stack.bundleDigest)))
      throw refused(`host ${host.host} has a bundle that was not rendered`);
  }
  return { ...wire, classes };
}

function receivedClass({ stack, bundleDigest, bytes, files }: WireRendering['classes'][number]): RenderedClass {
  if (digestOf(bytes) !== bundleDigest) throw refused(`the bundle of stack ${stack} has another digest`);
  const bundle = Bundle.decode(bytes);
  if (bundle.stack !== stack) throw refused(`the bundle of stack ${stack} is for another stack`);
  return { stack, bundleDigest, bundle, files };
}

function refused(what: string): MooringError {
  return new MooringError(
    'SOURCE_CHILD_FAILED',
    `Cannot accept the rendering: ${what}; what the renderer made is wanted`,
  );
}
