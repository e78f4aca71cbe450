import { posix } from 'node:path';
import type { Field } from './field.ts';
import type { Device } from './model.ts';

const ALL_PERMISSIONS = 'rwm';

/** `devices`: `/dev/a`, `/dev/a:/dev/b`, `/dev/a:/dev/b:rw`, or a mapping. Of two with one target the later wins. Throws COMPOSE_VALUE. */
export function readDevices(field: Field | undefined): readonly Device[] {
  const devices = (field?.items() ?? []).map((item): readonly [string, Device] => {
    const device = item.node.kind === 'mapping' ? longForm(item) : shortForm(item);
    return [device.target, device];
  });
  return [...new Map(devices).values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

function shortForm(field: Field): Device {
  const text = field.text();
  const [source = '', second = '', third, more] = text.split(':');
  if (!source.startsWith('/') && /^[^:]+\/[^:]+=[^:]+$/.test(text))
    throw field.refusal('COMPOSE_UNSUPPORTED_KEY', 'a device by its CDI name is not supported yet; a path is wanted');
  // Of two parts the second may be permissions.
  const isTarget = third !== undefined || !isPermissions(second);
  const permissions = third ?? (isTarget ? '' : second);
  if (more !== undefined) throw refusal(field, text);
  return checked(field, { source, target: isTarget ? second : '', permissions });
}

function longForm(field: Field): Device {
  field.onlyKeys(['source', 'target', 'permissions']);
  return checked(field, {
    source: field.get('source')?.text() ?? '',
    target: field.get('target')?.text() ?? '',
    permissions: field.get('permissions')?.text() ?? '',
  });
}

function checked(field: Field, { source, target, permissions }: Device): Device {
  const device = {
    source: clean(source),
    target: clean(target === '' ? source : target),
    permissions: permissions === '' ? ALL_PERMISSIONS : permissions,
  };
  const isDevice = device.source.startsWith('/') && device.target.startsWith('/');
  if (!isDevice || !isPermissions(device.permissions)) throw refusal(field, source);
  return device;
}

/** Some of the three letters, each once. */
function isPermissions(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

function clean(path: string): string {
  return path === '' ? '' : posix.normalize(path);
}

function refusal(field: Field, text: string) {
  return field.refusal('COMPOSE_VALUE', `"${text}" is no device; "/dev/a:/dev/b:rwm" or the like is wanted`);
}
