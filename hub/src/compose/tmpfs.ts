import type { Field } from './field.ts';
import type { Mount } from './model.ts';
import { cleanTarget, PLAIN_MOUNT } from './mount-target.ts';

/** `tmpfs`: `/path` or `/path:options`, one or a list. The options stay as they are written; of two with one target the later wins. */
export function readTmpfs(field: Field | undefined): readonly Mount[] {
  const mounts = (field?.items() ?? []).map((item): readonly [string, Mount] => {
    const text = item.text();
    const at = text.indexOf(':');
    const target = cleanTarget(item, at === -1 ? text : text.slice(0, at));
    const options = at === -1 ? '' : text.slice(at + 1);
    const source = { kind: 'tmpfs', sizeBytes: 0, mode: 0, options } as const;
    return [target, { ...PLAIN_MOUNT, target, readOnly: false, source }];
  });
  return [...new Map(mounts).values()];
}
