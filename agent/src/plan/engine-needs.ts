import { type Bundle, type ContainerSpec, MooringError, type Mount, type NetworkAttachment } from '@mooring/proto';
import type { DesiredStack } from './desired.ts';

/** The Engine API (1.x) that knows an attribute; an older engine drops it without a word (API version history of the Docker Engine). */
const SINCE = {
  annotations: 43,
  'healthcheck.start_interval': 44,
  'bind.recursive': 44,
  mac_address: 44,
  'volume.subpath': 45,
  enable_ipv4: 48,
  gw_priority: 48,
  'type image': 48,
  interface_name: 49,
} as const;

/** One thing that a stack asks of its engine. */
interface Need {
  /** Its path from the root of the Compose file. */
  readonly path: string;
  readonly attribute: keyof typeof SINCE;
}

/**
 * Why a stack cannot run on an engine with that API version, and what would: ENGINE_TOO_OLD. Undefined: it can. Nothing that Git asks for is dropped.
 */
export function engineRefusal({ stack, bundle }: DesiredStack, apiVersion: string): MooringError | undefined {
  const has = minorOf(apiVersion);
  const lacking = needsOf(bundle).filter(({ attribute }) => SINCE[attribute] > has);
  if (lacking.length === 0) return undefined;
  const named = lacking.slice(0, MAX_NAMED).map(({ path, attribute }) => `${path} (API 1.${SINCE[attribute]})`);
  const more = lacking.length > MAX_NAMED ? ` and ${lacking.length - MAX_NAMED} more` : '';
  const message = `Cannot run stack ${stack}: the engine of this host speaks API ${apiVersion} and would drop ${named.join(', ')}${more}; a newer engine is wanted`;
  return new MooringError('ENGINE_TOO_OLD', message, {
    hint: 'Upgrade the Docker Engine of this host, or take what it does not know out of the Compose file.',
  });
}

/** Needs that a message names. */
const MAX_NAMED = 4;

/** The minor version; a later major one knows all of the above. */
function minorOf(apiVersion: string): number {
  const [major = 1, minor = 0] = apiVersion.split('.').map(Number);
  return major > 1 ? Number.POSITIVE_INFINITY : minor;
}

function needsOf({ services, networks }: Bundle): readonly Need[] {
  return [
    ...services.flatMap(({ name, container }) =>
      container === undefined ? [] : containerNeeds(container).map((need) => below(`services.${name}`, need)),
    ),
    ...networks
      .filter(({ enableIpv4 }) => enableIpv4 === false)
      .map(({ key }): Need => ({ path: `networks.${key}.enable_ipv4`, attribute: 'enable_ipv4' })),
  ];
}

function below(root: string, { path, attribute }: Need): Need {
  return { path: `${root}.${path}`, attribute };
}

function containerNeeds({ annotations, healthcheck, mounts, networks }: ContainerSpec): readonly Need[] {
  return [
    ...(annotations.length > 0 ? [plain('annotations')] : []),
    ...((healthcheck?.startIntervalNanos ?? 0n) > 0n ? [plain('healthcheck.start_interval')] : []),
    ...mounts.flatMap(mountNeeds),
    ...networks.flatMap(attachmentNeeds),
  ];
}

function plain(attribute: Need['attribute']): Need {
  return { path: attribute, attribute };
}

function mountNeeds({ target, source, subpath, recursive }: Mount): readonly Need[] {
  const path = `volumes.${target}`;
  if (source?.$case === 'image') return [{ path, attribute: 'type image' }];
  return [
    ...(subpath === '' ? [] : [below(path, plain('volume.subpath'))]),
    // Mounts below a source that are left out are older than the two words about writing.
    ...(recursive === '' || recursive === 'disabled' ? [] : [below(path, plain('bind.recursive'))]),
  ];
}

/** Before each network had an address of its own the container had one, which is that of its primary network. */
function attachmentNeeds(attachment: NetworkAttachment, index: number): readonly Need[] {
  const asked = [
    ['gw_priority', attachment.gatewayPriority !== 0],
    ['interface_name', attachment.interfaceName !== ''],
    ['mac_address', attachment.macAddress !== '' && index > 0],
  ] as const;
  return asked.flatMap(([attribute, isAsked]) =>
    isAsked ? [below(`networks.${attachment.network}`, plain(attribute))] : [],
  );
}
