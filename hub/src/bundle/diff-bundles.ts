import type { Bundle } from '@mooring/proto';
import { type BundlePart, bundleParts } from './bundle-fields.ts';

/** One field that differs between two renderings of a stack; an empty text: it is not set there. */
export interface FieldDifference {
  /** In Compose's own words, such as `services.web.image`; a whole service, network or volume where it comes or goes. */
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** In which fields two bundles of a stack differ, sorted by path; none where they ask for the same. Mounted files differ by digest. */
export function diffBundles(before: Bundle, after: Bundle): readonly FieldDifference[] {
  const [old, fresh] = [bundleParts(before), bundleParts(after)];
  const paths = [...new Set([...old.keys(), ...fresh.keys()])];
  return paths
    .flatMap((path) => diffPart(path, old.get(path), fresh.get(path)))
    .sort((left, right) => (left.field < right.field ? -1 : 1));
}

function diffPart(
  path: string,
  ...[before, after]: [before: BundlePart | undefined, after: BundlePart | undefined]
): readonly FieldDifference[] {
  if (before === undefined || after === undefined)
    return [{ field: path, before: before?.summary ?? '', after: after?.summary ?? '' }];
  const fields = [...new Set([...before.fields.keys(), ...after.fields.keys()])];
  return fields
    .map((field) => ({
      field: `${path}.${field}`,
      before: before.fields.get(field) ?? '',
      after: after.fields.get(field) ?? '',
    }))
    .filter((change) => change.before !== change.after);
}
