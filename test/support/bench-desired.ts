import type { Desired } from '@mooring/agent';
import {
  Bundle,
  containerSpecDigest,
  DriftMode,
  digestOf,
  type Network,
  networkSpecDigest,
  type Service,
  type Volume,
  volumeSpecDigest,
} from '@mooring/proto';
import { FLEET } from './bench-agent.ts';

/** What a bundle holds. */
interface Contents {
  readonly services: readonly Service[];
  readonly networks?: readonly Network[];
  readonly volumes?: readonly Volume[];
}

/** A bundle of services, networks and volumes as tests write them; digests are filled in. */
export function bundleOf(stack: string, { services, networks = [], volumes = [] }: Contents): Bundle {
  return {
    format: 1,
    stack,
    requires: [],
    services: services.map((service) => ({
      ...service,
      replicas: service.replicas || 1,
      specDigest: service.container === undefined ? '' : containerSpecDigest(service.container),
    })),
    networks: networks.map((one) => ({ ...one, specDigest: networkSpecDigest(one) })),
    volumes: volumes.map((one) => ({ ...one, specDigest: volumeSpecDigest(one) })),
    files: [],
    secrets: [],
    after: [],
  };
}

/** What a host must run: these bundles. */
export function desiredOf(
  bundles: readonly Bundle[],
  options: { driftMode?: DriftMode; ignore?: readonly string[] } = {},
): Desired {
  const { driftMode = DriftMode.DRIFT_MODE_CORRECT, ignore = [] } = options;
  return {
    fleetId: FLEET,
    generation: 1n,
    stacks: bundles.map((bundle) => ({
      stack: bundle.stack,
      commit: 'c0ffee',
      generation: 1n,
      bundleObject: digestOf(Bundle.encode(bundle).finish()),
      bundle,
      driftMode,
      ignore,
      hold: undefined,
    })),
    removals: [],
  };
}

/** Bundles as text that another process reads. */
export function toText(bundles: readonly Bundle[]): string {
  return JSON.stringify(bundles.map((bundle) => Buffer.from(Bundle.encode(bundle).finish()).toString('base64')));
}

/** Reads what `toText` wrote. */
export function fromText(text: string): Bundle[] {
  const encoded: string[] = JSON.parse(text);
  return encoded.map((bundle) => Bundle.decode(Buffer.from(bundle, 'base64')));
}
