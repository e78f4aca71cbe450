import { posix } from 'node:path';
import type { Field } from './field.ts';
import type { Device } from './model.ts';

const ALL_PERMISSIONS = 'rwm';

/** `devices`: `/dev/a`, `/dev/a:/dev/b`, `/dev/a:/dev/b:rw`, or a mapping. Of two with one target the later wins. Throws COMPOSE_VALUE. */
export function readDevices(field: Field | undefined): readonly Device[] {
  const paths = (field?.items() ?? []).filter((item) => cdiName(item) === undefined);
  const devices = paths.map((item): readonly [string, Device] => {
    const device = item.node.kind === 'mapping' ? longForm(item) : shortForm(item);
    return [device.target, device];
  });
  return [...new Map(devices).values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

// Names of the Container Device Interface: vendor, class and device (container-device-interface, ParseQualifiedName).
const CDI_NAME =
  /^[a-zA-Z](?:[\w.-]*[a-zA-Z0-9])?\/[a-zA-Z](?:[\w-]*[a-zA-Z0-9])?=[a-zA-Z0-9](?:[\w.:-]*[a-zA-Z0-9])?$/;

/** Devices by their CDI names, in order: a driver of the engine provides them. */
export function readCdiNames(field: Field | undefined): readonly string[] {
  return (field?.items() ?? []).flatMap((item) => cdiName(item) ?? []);
}

function cdiName(item: Field): string | undefined {
  const text = item.node.kind === 'scalar' ? item.text() : '';
  return CDI_NAME.test(text) ? text : undefined;
}

// What the engine takes (moby, daemon/oci_utils: deviceCgroupRuleRegex).
const CGROUP_RULE = /^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/;

/** `device_cgroup_rules`, in order. Throws COMPOSE_VALUE. */
export function readDeviceCgroupRules(field: Field | undefined): readonly string[] {
  return (field?.items() ?? []).map((item) => {
    const rule = item.text();
    if (CGROUP_RULE.test(rule)) return rule;
    throw item.refusal('COMPOSE_VALUE', `"${rule}" is no rule; "c 1:3 mr" or the like is wanted`);
  });
}

function shortForm(field: Field): Device {
  const text = field.text();
  const [source = '', second = '', third, more] = text.split(':');
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
