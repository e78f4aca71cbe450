import type { Service } from '@mooring/proto';
import type { DesiredStack, MountPaths } from './desired.ts';

/** What the body of a container depends on. */
export interface CreateInput {
  readonly desired: DesiredStack;
  readonly service: Service;
  readonly replica: number;
  /** The name that it has in the end. */
  readonly name: string;
  readonly fleetId: string;
  readonly paths: MountPaths;
  /** Volumes without a name that the container before had, by target. */
  readonly carriedOver: ReadonlyMap<string, string>;
  readonly manyNetworks: boolean;
  /** What its reference names now; undefined: nobody knows. */
  readonly imageId: string | undefined;
  /** Whether a mount of HostConfig.Mounts makes the source of a bind that is not there (Engine API 1.42). */
  readonly makesMountpoints: boolean;
  /** `container:<id>` for `service:<name>`. */
  mode(text: string): string;
}

/** A mode as the engine wants it. */
export function namespace({ mode }: Pick<CreateInput, 'mode'>, text: string): string {
  return text.startsWith('service:') ? mode(text) : text;
}
