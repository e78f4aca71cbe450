import { imageReference } from '../canonical/spellings.ts';
import type { Observed, OwnContainer } from '../observe/observed.ts';
import type { WantedReplica } from './expectation.ts';

/** A reference that names another image than before. */
export interface MovedImage {
  readonly reference: string;
  /** Id of the image that it names now. */
  readonly to: string;
  /** Id of the image that the container was made from. */
  readonly from: string;
}

/** Whether the reference that a container was made from names another image now; undefined: the same, or nobody can tell. */
export function movedImage(
  { service }: Pick<WantedReplica, 'service'>,
  { image, imageId }: Pick<OwnContainer, 'image' | 'imageId'>,
  { tags }: Pick<Observed, 'tags'>,
): MovedImage | undefined {
  const { image: reference = '', platform = '' } = service.container ?? {};
  // One tag for several platforms names the image of whichever was pulled last.
  if (platform !== '' || imageReference(image) !== imageReference(reference)) return undefined;
  const to = tags.get(reference);
  return to === undefined || to === imageId ? undefined : { reference, to, from: imageId };
}

/** One sentence without a subject: what happened to the image. */
export function movedReason({ reference, to, from }: MovedImage): string {
  return `its image moved: ${reference} names ${short(to)} now, and it runs ${short(from)}`;
}

/** Digits by which people and `docker images` tell images apart. */
const SHORT_DIGITS = 12;

function short(id: string): string {
  const [algorithm = '', digits = ''] = id.split(':');
  return `${algorithm}:${digits.slice(0, SHORT_DIGITS)}`;
}
