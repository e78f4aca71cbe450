import { readCommand, readEntrypoint } from '../arguments.ts';
import type { Field } from '../field.ts';
import { isRemoteContext } from '../rebase.ts';
import { readUlimits } from '../ulimits.ts';
import { readMount } from './mounts.ts';
import type { Places } from './places.ts';
import { readPublished } from './published.ts';
import {
  beforeEquals,
  bytes,
  bytesOrUnlimited,
  choice,
  count,
  decimal,
  distinct,
  duration,
  flag,
  integer,
  type Json,
  list,
  member,
  named,
  object,
  pairs,
  plainText,
  type Shape,
  text,
  unlessEmpty,
} from './shapes.ts';

/** Attributes of a service as docker compose prints them, but those that need files or other services. */
export function serviceShapes(places: Places): Readonly<Record<string, Shape>> {
  return {
    ...PLAIN,
    build: buildShape(places),
    develop: object({ watch: list(watchShape(places)) }),
    volumes: distinct((field) => readMount(field, places), member('target')),
  };
}

const ulimits: Shape = (field) => {
  readUlimits(field);
  return named(ulimit)(field);
};

function ulimit(field: Field): Json {
  if (field.node.kind !== 'mapping') return field.integer();
  return { soft: field.get('soft')?.integer() ?? 0, hard: field.get('hard')?.integer() ?? 0 };
}

const weighted = list(object({ path: plainText, weight: integer }));
const throttled = list(object({ path: plainText, rate: bytes }));
const blkio: Shape = unlessEmpty(
  object({
    weight: integer,
    weight_device: weighted,
    device_read_bps: throttled,
    device_read_iops: throttled,
    device_write_bps: throttled,
    device_write_iops: throttled,
  }),
);

const attachment = object({
  aliases: distinct(plainText, String),
  driver_opts: pairs(),
  gw_priority: integer,
  interface_name: plainText,
  ipv4_address: plainText,
  ipv6_address: plainText,
  link_local_ips: distinct(plainText, String),
  mac_address: plainText,
  priority: integer,
});

const hook = (field: Field): Json => {
  const shape = object({
    command: (value) => readCommand(value) ?? null,
    environment: pairs({ whole: true }),
    privileged: flag,
    user: text,
    working_dir: plainText,
  });
  return { command: null, ...shape(field) };
};

const healthShape = object({
  disable: flag,
  interval: duration,
  retries: integer,
  start_interval: duration,
  start_period: duration,
  test: healthTest,
  timeout: duration,
});

function healthcheck(field: Field): Json | undefined {
  return field.isNull ? undefined : healthShape(field);
}

/** A text is a command for a shell. */
function healthTest(field: Field): Json | undefined {
  if (field.isNull) return undefined;
  return field.node.kind === 'sequence' ? field.items().map((item) => item.text()) : ['CMD-SHELL', field.text()];
}

function fileReference(field: Field): Json {
  if (field.node.kind !== 'mapping') return { source: field.text() };
  return object({ source: plainText, target: plainText, uid: text, gid: text, mode: fileMode })(field);
}

/** A secret is always told where it is mounted. */
function secretReference(field: Field): Json {
  const reference = fileReference(field) as { readonly source?: string; readonly target?: string };
  return { target: `/run/secrets/${reference.source ?? ''}`, ...reference };
}

function fileMode(field: Field): Json {
  return `0${field.fileMode().toString(8)}`;
}

/** Sorted, as docker compose prints them. */
function hosts(field: Field): Json {
  const items = field.items().map((item) => {
    const [, name = '', address = ''] = /^([^:=]*)[:=](.*)$/.exec(item.text()) ?? [];
    return `${name}=${address.replace(/^\[(.*)\]$/, '$1')}`;
  });
  return items.sort();
}

function device(field: Field): Json {
  if (field.node.kind === 'mapping') {
    const shape = object({ source: plainText, target: plainText, permissions: plainText });
    return { permissions: 'rwm', ...shape(field) };
  }
  const written = field.text();
  const [source = '', target = source, permissions = 'rwm'] = written.split(':');
  return { source, target, permissions };
}

const saidDevices = object({
  capabilities: list(plainText),
  count: deviceCount,
  device_ids: list(text),
  driver: plainText,
  options: pairs(),
});

/** Without a number and without names all are asked for. */
function deviceRequest(field: Field): Json {
  const isSaid = field.get('count') !== undefined || field.get('device_ids') !== undefined;
  return { ...saidDevices(field), ...(isSaid ? {} : { count: ALL_DEVICES }) };
}

const ALL_DEVICES = -1;

function deviceCount(field: Field): Json {
  return field.node.kind === 'scalar' && field.node.text === 'all' ? -1 : field.integer();
}

function gpus(field: Field): Json {
  if (field.node.kind === 'scalar' && field.node.text === 'all') return [{ count: -1 }];
  return field.items().map((item) => deviceRequest(item));
}

const resources = object({
  limits: unlessEmpty(object({ cpus: decimal, memory: bytes, pids: integer })),
  reservations: unlessEmpty(
    object({
      cpus: decimal,
      memory: bytes,
      devices: list((item) => deviceRequest(item)),
      generic_resources: list(object({ discrete_resource_spec: object({ kind: plainText, value: integer }) })),
    }),
  ),
});

const updates = object({
  delay: duration,
  failure_action: plainText,
  max_failure_ratio: decimal,
  monitor: duration,
  order: plainText,
  parallelism: count,
});

const deploy = object({
  endpoint_mode: plainText,
  labels: pairs(),
  mode: plainText,
  placement: object({
    constraints: list(plainText),
    max_replicas_per_node: integer,
    preferences: list(object({ spread: plainText })),
  }),
  replicas: count,
  resources: (field) => resources(field),
  restart_policy: object({ condition: plainText, delay: duration, max_attempts: count, window: duration }),
  rollback_config: updates,
  update_config: updates,
});

/** Docker compose prints two parts of it also where nothing is said. */
function deployShape(field: Field): Json | undefined {
  return field.isNull ? undefined : { resources: {}, placement: {}, ...deploy(field) };
}

function watchShape(places: Places): Shape {
  const shape = object({
    action: plainText,
    exec: hook,
    ignore: list(plainText),
    include: list(plainText),
    initial_sync: flag,
    path: (field) => places.absolute(field.text()),
    target: plainText,
  });
  return (field) => ({ exec: { command: null }, ...shape(field) });
}

function buildShape(places: Places): Shape {
  const context: Shape = (field) => (isRemoteContext(field.text()) ? field.text() : places.absolute(field.text()));
  const shape = object({
    additional_contexts: (field) => pairs()(field),
    args: pairs({ whole: true }),
    cache_from: list(plainText),
    cache_to: list(plainText),
    context,
    dockerfile: plainText,
    dockerfile_inline: plainText,
    entitlements: list(plainText),
    extra_hosts: hosts,
    isolation: plainText,
    labels: pairs(),
    network: plainText,
    no_cache: flag,
    platforms: list(plainText),
    privileged: flag,
    provenance: text,
    pull: flag,
    sbom: text,
    secrets: list(fileReference),
    shm_size: bytes,
    ssh: list(plainText),
    tags: list(plainText),
    target: plainText,
    ulimits,
  });
  return (field) => {
    if (field.isNull) return undefined;
    const said = field.node.kind === 'mapping' ? shape(field) : { context: context(field) ?? null };
    const isSaid =
      field.node.kind === 'mapping' && (field.get('dockerfile') ?? field.get('dockerfile_inline')) !== undefined;
    const file = isSaid ? {} : { dockerfile: 'Dockerfile' };
    return { context: places.absolute('.'), ...file, ...said };
  };
}

/** What a config is mounted as: below the root where only its name is said. */
function configTarget(item: Json): string {
  const target = member('target')(item);
  return target === '' ? `/${member('source')(item)}` : target;
}

/** What depends on no place. */
const PLAIN: Readonly<Record<string, Shape>> = {
  annotations: pairs(),
  attach: choice,
  blkio_config: blkio,
  cap_add: distinct(plainText, beforeEquals),
  cap_drop: distinct(plainText, beforeEquals),
  cgroup: plainText,
  cgroup_parent: plainText,
  command: (field) => readCommand(field) ?? null,
  configs: distinct(fileReference, configTarget),
  container_name: plainText,
  cpu_count: integer,
  cpu_percent: decimal,
  cpu_period: integer,
  cpu_quota: integer,
  cpu_rt_period: integer,
  cpu_rt_runtime: integer,
  cpu_shares: integer,
  cpus: decimal,
  cpuset: text,
  credential_spec: unlessEmpty(object({ config: plainText, file: plainText, registry: plainText })),
  deploy: deployShape,
  device_cgroup_rules: list(plainText),
  devices: distinct(device, member('target')),
  dns: distinct(plainText, beforeEquals),
  dns_opt: distinct(plainText, beforeEquals),
  dns_search: distinct(plainText, beforeEquals),
  domainname: plainText,
  entrypoint: (field) => readEntrypoint(field) ?? null,
  expose: distinct(text, String),
  external_links: list(plainText),
  extra_hosts: hosts,
  group_add: list(text),
  hostname: plainText,
  image: plainText,
  init: choice,
  ipc: plainText,
  isolation: plainText,
  labels: pairs(),
  links: distinct(plainText, beforeEquals),
  logging: unlessEmpty(object({ driver: plainText, options: pairs() })),
  mac_address: plainText,
  mem_limit: bytes,
  mem_reservation: bytes,
  mem_swappiness: bytes,
  memswap_limit: bytesOrUnlimited,
  network_mode: plainText,
  networks: named(unlessEmpty(attachment)),
  oom_kill_disable: flag,
  oom_score_adj: integer,
  pid: plainText,
  pids_limit: integer,
  platform: plainText,
  ports: (field) => readPublished(field),
  post_start: list(hook),
  pre_stop: list(hook),
  privileged: flag,
  profiles: distinct(plainText, beforeEquals),
  pull_policy: plainText,
  pull_refresh_after: plainText,
  read_only: flag,
  restart: plainText,
  runtime: plainText,
  scale: count,
  secrets: distinct(secretReference, member('target')),
  security_opt: list(plainText),
  shm_size: bytes,
  stdin_open: flag,
  stop_grace_period: duration,
  stop_signal: text,
  storage_opt: pairs(),
  sysctls: pairs(),
  tmpfs: distinct(plainText, beforeEquals),
  tty: flag,
  user: text,
  userns_mode: plainText,
  uts: plainText,
  volumes_from: list(plainText),
  working_dir: plainText,
  gpus,
  healthcheck,
  ulimits,
};
