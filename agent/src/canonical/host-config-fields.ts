import type { FieldsBuilder } from './fields.ts';
import { numberOf, recordOf, recordsOf, textOf, textRecordOf, textsOf } from './outside-data.ts';
import {
  blockDeviceText,
  capability,
  deviceRequestText,
  OPEN_PATHS,
  restartPolicy,
  securityOptions,
} from './spellings.ts';

type HostConfig = Readonly<Record<string, unknown>>;

/** Fields of HostConfig that are plain numbers, flags and texts, by their Compose names. */
const NUMBERS = Object.entries({
  mem_limit: 'Memory',
  memswap_limit: 'MemorySwap',
  mem_reservation: 'MemoryReservation',
  cpu_shares: 'CpuShares',
  cpu_period: 'CpuPeriod',
  cpu_quota: 'CpuQuota',
  cpu_rt_period: 'CpuRealtimePeriod',
  cpu_rt_runtime: 'CpuRealtimeRuntime',
  shm_size: 'ShmSize',
  cpu_count: 'CpuCount',
  oom_score_adj: 'OomScoreAdj',
  'blkio_config.weight': 'BlkioWeight',
});
const FLAGS = Object.entries({
  read_only: 'ReadonlyRootfs',
  privileged: 'Privileged',
  oom_kill_disable: 'OomKillDisable',
});
const TEXTS = Object.entries({
  cpuset: 'CpusetCpus',
  cpuset_mems: 'CpusetMems',
  pid: 'PidMode',
  ipc: 'IpcMode',
  uts: 'UTSMode',
  userns_mode: 'UsernsMode',
  cgroup: 'CgroupnsMode',
  cgroup_parent: 'CgroupParent',
  runtime: 'Runtime',
});
/** Lists of block devices, each with one number. */
const BLOCK_DEVICES = Object.entries({
  'blkio_config.weight_device': 'BlkioWeightDevice',
  'blkio_config.device_read_bps': 'BlkioDeviceReadBps',
  'blkio_config.device_write_bps': 'BlkioDeviceWriteBps',
  'blkio_config.device_read_iops': 'BlkioDeviceReadIOps',
  'blkio_config.device_write_iops': 'BlkioDeviceWriteIOps',
});
/** Lists of texts in order; links of the engine's own bridge are only watched. */
const LISTS = Object.entries({ device_cgroup_rules: 'DeviceCgroupRules', links: 'Links', volumes_from: 'VolumesFrom' });
/** Mappings of names to texts. */
const MAPS = Object.entries({ annotations: 'Annotations', storage_opt: 'StorageOpt', sysctls: 'Sysctls' });

/** Everything of HostConfig but mounts and networks. */
export function addHostConfig(fields: FieldsBuilder, host: HostConfig): void {
  for (const [path, key] of NUMBERS) fields.number(path, numberOf(host[key]));
  for (const [path, key] of FLAGS) fields.flag(path, host[key] === true);
  for (const [path, key] of TEXTS) fields.text(path, textOf(host[key]));
  for (const [path, key] of LISTS) fields.list(path, textsOf(host[key]));
  for (const [path, key] of MAPS) fields.map(path, textRecordOf(host[key]));
  for (const [path, key] of BLOCK_DEVICES) fields.set(path, recordsOf(host[key]).map(blockDevice));
  fields.list('gpus', recordsOf(host['DeviceRequests']).map(deviceRequest));
  // Engines say null or -1 where nothing was asked.
  fields.number('mem_swappiness', Math.max(numberOf(host['MemorySwappiness']), 0));
  fields.number('cpus', numberOf(host['NanoCpus']));
  // null, 0 and -1 all mean no limit.
  fields.number('pids_limit', Math.max(numberOf(host['PidsLimit']), 0));
  fields.text('init', typeof host['Init'] === 'boolean' ? String(host['Init']) : '');
  const restart = recordOf(host['RestartPolicy']);
  fields.text('restart', restartPolicy(textOf(restart['Name']), numberOf(restart['MaximumRetryCount'])));
  fields
    .set('cap_add', textsOf(host['CapAdd']).map(capability))
    .set('cap_drop', textsOf(host['CapDrop']).map(capability));
  fields.set('group_add', textsOf(host['GroupAdd'])).set('extra_hosts', textsOf(host['ExtraHosts']));
  fields.list('dns', textsOf(host['Dns'])).list('dns_opt', textsOf(host['DnsOptions']));
  fields.list('dns_search', textsOf(host['DnsSearch']));
  addSecurity(fields, host);
  addLists(fields, host);
  addPorts(fields, recordOf(host['PortBindings']));
}

function addSecurity(fields: FieldsBuilder, host: HostConfig): void {
  const masked = host['MaskedPaths'];
  const isOpen = Array.isArray(masked) && masked.length === 0;
  const options = [...textsOf(host['SecurityOpt']), ...(isOpen ? [OPEN_PATHS] : [])];
  const privileged = host['Privileged'] === true;
  const modes = { pid: textOf(host['PidMode']), ipc: textOf(host['IpcMode']) };
  fields.set('security_opt', securityOptions(options, { privileged, ...modes }));
}

function addLists(fields: FieldsBuilder, host: HostConfig): void {
  for (const item of recordsOf(host['Ulimits'])) {
    fields.text(`ulimits.${textOf(item['Name'])}`, `${numberOf(item['Soft'])}:${numberOf(item['Hard'])}`);
  }
  for (const item of recordsOf(host['Devices'])) {
    fields.text(
      `devices.${textOf(item['PathInContainer'])}`,
      `${textOf(item['PathOnHost'])}:${textOf(item['CgroupPermissions'])}`,
    );
  }
  const logging = recordOf(host['LogConfig']);
  fields.text('logging.driver', textOf(logging['Type']));
  fields.map('logging.options', textRecordOf(logging['Config']));
}

/** One field for each container port: where it is published, sorted. HostConfig is compared, never the ephemeral choice. */
function addPorts(fields: FieldsBuilder, bindings: Readonly<Record<string, unknown>>): void {
  for (const [port, hosts] of Object.entries(bindings)) {
    fields.set(
      `ports.${port}`,
      recordsOf(hosts).map((host) => `${textOf(host['HostIp'])}:${textOf(host['HostPort'])}`),
    );
  }
}

function blockDevice(item: Readonly<Record<string, unknown>>): string {
  return blockDeviceText(textOf(item['Path']), numberOf(item['Rate'] ?? item['Weight']));
}

function deviceRequest(item: Readonly<Record<string, unknown>>): string {
  return deviceRequestText({
    driver: textOf(item['Driver']),
    count: numberOf(item['Count']),
    deviceIds: textsOf(item['DeviceIDs']),
    // All of one list are wanted: docker compose asks for one list.
    capabilities: Array.isArray(item['Capabilities']) ? item['Capabilities'].flatMap(textsOf) : [],
    options: textRecordOf(item['Options']),
  });
}
