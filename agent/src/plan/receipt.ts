import type { Fields } from '../canonical/fields.ts';
import type { InspectedConfig } from '../observe/inspected.ts';

/** What a container was like right after Mooring started it. */
export interface Receipt {
  /** Version of the rules that made the fields. */
  readonly canonical: number;
  /** Version and configuration of the engine that showed them. */
  readonly engine: string;
  /** The canonical form that was asked for. */
  readonly desired: Fields;
  /** The canonical form that came of it. */
  readonly fields: Fields;
  /** What the image set: it may be gone from the host while the container runs. */
  readonly image: InspectedConfig;
}
