import {
  type BlockIo,
  type ContainerSpec,
  type DeviceRate,
  type Mount,
  type NetworkAttachment,
  type Service,
  ContainerSpec as Spec,
} from '@mooring/proto';
import type { InspectedConfig } from '../observe/inspected.ts';
import type { MountPaths } from '../plan/desired.ts';
import { imageFields } from './container-fields.ts';
import { type Fields, FieldsBuilder } from './fields.ts';
import { hooksText } from './hooks-text.ts';
import { anonymousText, bindText, imageText, memoryText, tmpfsText, volumeText } from './mount-fields.ts';
import { ATTACHED, addDriver, INTERFACE_OPTION } from './network-attachment-fields.ts';
import { pairs } from './pairs.ts';
import {
  blockDeviceText,
  capability,
  deviceRequestText,
  healthcheckFields,
  imageReference,
  restartPolicy,
  securityOptions,
  stopSignal,
  variables,
} from './spellings.ts';

/** What the desired form of a container depends on beside its service. */
export interface DesiredContext {
  readonly stack: string;
  /** Name that the container must have. */
  readonly name: string;
  /** What the image that it runs sets. */
  readonly image: InspectedConfig;
  /** Name on the engine of a named volume, by its key in the bundle. */
  volumeName(key: string): string;
  readonly paths: MountPaths;
  /** `container:<id>` for `service:<name>`; other modes as they are. */
  mode(text: string): string;
  /** Names under which it finds other containers on each of its networks, as "container:alias". */
  readonly links: readonly string[];
}

/** The canonical form that a container must have: what Compose sets, over what its image sets. */
export function desiredFields(service: Service, context: DesiredContext): Fields {
  const spec = service.container ?? Spec.decode(new Uint8Array());
  const fields = new FieldsBuilder();
  for (const [path, value] of inherited(spec, context.image)) fields.text(path, value);
  fields.text('container_name', context.name).text('image', imageReference(spec.image));
  addProcess(fields, spec);
  addResources(fields, spec);
  addNamespaces(fields, spec, context);
  addSecurity(fields, spec, context);
  addNames(fields, spec);
  for (const mount of comparedMounts(spec, context.image)) addMount(fields, mount, context);
  addNetworks(fields, service, { spec, name: context.name, links: context.links });
  return fields.build();
}

/** What the image gives where the specification sets nothing. An entrypoint of one's own takes the image's command away; one of nothing does not. */
function inherited(spec: ContainerSpec, image: InspectedConfig): Fields {
  const all = new Map(imageFields(image));
  if (spec.entrypoint !== undefined) all.delete('entrypoint');
  if ((spec.entrypoint?.values ?? []).length > 0) all.delete('command');
  if (spec.healthcheck?.test[0] === 'NONE') all.delete('healthcheck.test');
  for (const { target } of spec.mounts) all.delete(`volumes.${target}`);
  // Another container's volumes may be there already where the image asks for one.
  if (spec.volumesFrom.length > 0)
    for (const target of Object.keys(image.Volumes ?? {})) all.delete(`volumes.${target}`);
  return all;
}

/** Beside another container's volumes nobody can tell whose volume without a name stands where the image asks for one. */
function comparedMounts({ mounts, volumesFrom }: ContainerSpec, image: InspectedConfig): readonly Mount[] {
  if (volumesFrom.length === 0) return mounts;
  return mounts.filter(
    ({ target, source }) => source?.$case !== 'anonymous' || !Object.hasOwn(image.Volumes ?? {}, target),
  );
}

function addProcess(fields: FieldsBuilder, spec: ContainerSpec): void {
  fields.list('command', spec.command?.values).list('entrypoint', spec.entrypoint?.values);
  const environment = spec.environment.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
  for (const [name, value] of variables(environment)) fields.text(`environment.${name}`, value);
  fields.map('labels', pairs(spec.labels));
  fields.text('working_dir', spec.workingDir.replace(/(.)\/+$/, '$1')).text('user', spec.user);
  fields.flag('tty', spec.tty).flag('stdin_open', spec.stdinOpen);
  fields.text('init', spec.init === undefined ? '' : String(spec.init));
  fields.text('stop_signal', stopSignal(spec.stopSignal));
  fields.text('stop_grace_period', spec.stopTimeoutSeconds === undefined ? '' : `${spec.stopTimeoutSeconds}s`);
  fields.text('restart', restartPolicy(spec.restart?.name ?? '', spec.restart?.maximumRetries ?? 0));
  const check = spec.healthcheck;
  if (check === undefined) return;
  const inspected = {
    Test: check.test,
    Interval: Number(check.intervalNanos),
    Timeout: Number(check.timeoutNanos),
    StartPeriod: Number(check.startPeriodNanos),
    StartInterval: Number(check.startIntervalNanos),
    Retries: check.retries,
  };
  for (const [path, value] of healthcheckFields(inspected)) fields.text(path, value);
}

function addResources(fields: FieldsBuilder, spec: ContainerSpec): void {
  fields.number('mem_limit', spec.memoryBytes).number('memswap_limit', spec.memorySwapBytes);
  fields.number('mem_reservation', spec.memoryReservationBytes);
  fields.number('cpus', spec.nanoCpus).number('cpu_shares', spec.cpuShares).text('cpuset', spec.cpuset);
  fields.number('pids_limit', spec.pidsLimit > 0n ? spec.pidsLimit : 0n).number('shm_size', spec.shmSizeBytes);
  for (const { name, soft, hard } of spec.ulimits) fields.text(`ulimits.${name}`, `${soft}:${hard}`);
  for (const { source, target, permissions } of spec.devices)
    fields.text(`devices.${target}`, `${source}:${permissions}`);
  fields.map('sysctls', pairs(spec.sysctls)).text('platform', spec.platform);
  fields.text('post_start', hooksText(spec.postStart)).text('pre_stop', hooksText(spec.preStop));
  fields.number('cpu_period', spec.cpuPeriod).number('cpu_quota', spec.cpuQuota).number('cpu_count', spec.cpuCount);
  fields.number('cpu_rt_period', spec.cpuRealtimePeriod).number('cpu_rt_runtime', spec.cpuRealtimeRuntime);
  fields.text('cgroup_parent', spec.cgroupParent).number('mem_swappiness', spec.memorySwappiness);
  fields.flag('oom_kill_disable', spec.oomKillDisable).number('oom_score_adj', spec.oomScoreAdjustment);
  fields.list('device_cgroup_rules', spec.deviceCgroupRules).map('storage_opt', pairs(spec.storageOptions));
  const requests = spec.deviceRequests.map(({ options, ...request }) =>
    deviceRequestText({ ...request, options: pairs(options) }),
  );
  fields.list('gpus', requests);
  if (spec.blockIo !== undefined) addBlockIo(fields, spec.blockIo);
}

function addBlockIo(fields: FieldsBuilder, { weight, ...lists }: BlockIo): void {
  const texts = (devices: readonly DeviceRate[]) => devices.map(({ path, rate }) => blockDeviceText(path, rate));
  fields.number('blkio_config.weight', weight).set('blkio_config.weight_device', texts(lists.weightDevices));
  fields.set('blkio_config.device_read_bps', texts(lists.readBytes));
  fields.set('blkio_config.device_write_bps', texts(lists.writeBytes));
  fields.set('blkio_config.device_read_iops', texts(lists.readOperations));
  fields.set('blkio_config.device_write_iops', texts(lists.writeOperations));
}

function addNamespaces(fields: FieldsBuilder, spec: ContainerSpec, { mode }: DesiredContext): void {
  fields.text('network_mode', mode(spec.networkMode));
  fields.text('pid', mode(spec.pidMode)).text('ipc', mode(spec.ipcMode));
  fields.text('uts', spec.utsMode).text('userns_mode', spec.usernsMode).text('cgroup', spec.cgroupMode);
  fields.text('runtime', spec.runtime).map('annotations', pairs(spec.annotations));
  fields.list(
    'volumes_from',
    spec.volumesFrom.map((from) => volumesOwner(from, mode)),
  );
}

function addSecurity(fields: FieldsBuilder, spec: ContainerSpec, { mode }: DesiredContext): void {
  fields.flag('read_only', spec.readOnly).flag('privileged', spec.privileged);
  fields.set('cap_add', spec.capAdd.map(capability)).set('cap_drop', spec.capDrop.map(capability));
  const privileges = { privileged: spec.privileged, pid: mode(spec.pidMode), ipc: mode(spec.ipcMode) };
  fields.set('security_opt', securityOptions(spec.securityOptions, privileges)).set('group_add', spec.groupAdd);
}

function addNames(fields: FieldsBuilder, spec: ContainerSpec): void {
  fields.text('hostname', spec.hostname).text('domainname', spec.domainname);
  fields.set('extra_hosts', spec.extraHosts);
  fields.list('dns', spec.dns).list('dns_opt', spec.dnsOptions).list('dns_search', spec.dnsSearch);
  fields.text('logging.driver', spec.logging?.driver).map('logging.options', pairs(spec.logging?.options ?? []));
  const published = Map.groupBy(
    spec.ports.filter((port) => port.published),
    (port) => `${port.containerPort}/${port.protocol}`,
  );
  for (const [port, hosts] of published) {
    fields.set(
      `ports.${port}`,
      hosts.map(({ hostAddress, hostPort }) => `${hostAddress}:${hostPort}`),
    );
  }
}

function addMount(fields: FieldsBuilder, mount: Mount, context: DesiredContext): void {
  const { target, readOnly, source, propagation, recursive } = mount;
  const path = `volumes.${target}`;
  // Only making the container tells these to the engine.
  const labels = mount.volumeLabels.map(({ name, value }) => `${name}=${value}`);
  const said = [mount.noCopy ? 'nocopy' : '', mount.selinux, mount.mustExist ? 'must_exist' : '', ...labels];
  const silent = said.filter((word) => word !== '');
  fields.text(`mount_options.${target}`, silent.join(','));
  const bind = (source: string, isReadOnly: boolean) =>
    fields.text(path, bindText({ source, readOnly: isReadOnly, propagation, recursive }));
  switch (source?.$case) {
    case 'volume':
      fields.text(path, volumeText(context.volumeName(source.value), readOnly, mount));
      break;
    case 'anonymous':
      fields.text(path, anonymousText(readOnly));
      break;
    case 'hostPath':
      bind(source.value, readOnly);
      break;
    case 'dataPath':
      bind(context.paths.data(context.stack, source.value), readOnly);
      break;
    case 'file':
      bind(context.paths.content(source.value.digest, source.value.executable), true);
      break;
    case 'tree':
      bind(context.paths.tree(source.value.digest), true);
      break;
    case 'tmpfs':
      if (source.value.options !== undefined) fields.text(`tmpfs.${target}`, tmpfsText(source.value.options));
      else
        fields.text(path, memoryText({ sizeBytes: Number(source.value.sizeBytes), mode: source.value.mode, readOnly }));
      break;
    case 'image':
      fields.text(path, imageText(source.value.reference, mount));
      break;
    case undefined:
      break;
  }
}

function addNetworks(
  fields: FieldsBuilder,
  service: Service,
  { spec, name, links }: { spec: ContainerSpec; name: string; links: readonly string[] },
): void {
  if (spec.networkMode !== '') return;
  fields.text('networks', spec.networks[0]?.network);
  for (const attachment of spec.networks) {
    const path = `networks.${attachment.network}`;
    // The engine answers to the hostname whether it is listed or not.
    const aliases = attachmentAliases(service, attachment, name).filter((alias) => alias !== spec.hostname);
    fields.text(path, ATTACHED).set(`${path}.aliases`, aliases);
    fields.text(`${path}.ipv4_address`, attachment.ipv4Address).text(`${path}.ipv6_address`, attachment.ipv6Address);
    fields.set(`${path}.link_local_ips`, attachment.linkLocalIps).set(`${path}.links`, links);
    fields.number(`${path}.gw_priority`, attachment.gatewayPriority);
    fields.text(`${path}.mac_address`, attachment.macAddress);
    addDriver(fields, path, driverOptions(attachment));
  }
}

/** Options of the driver as the engine is told: the name of the interface is one of them. */
export function driverOptions({ driverOptions: options, interfaceName }: NetworkAttachment) {
  const named = interfaceName === '' ? {} : { [INTERFACE_OPTION]: interfaceName };
  return { ...pairs(options), ...named };
}

/** The container whose volumes are mounted, by the id that the engine keeps, or by its name where it is not of the stack. */
export function volumesOwner(from: string, mode: (text: string) => string): string {
  return from.startsWith('service:') ? mode(from).replace(/^container:/, '') : from;
}

/** Names of a container on one network: its own, its service's, and what the Compose file adds. */
export function attachmentAliases(service: Service, { aliases }: NetworkAttachment, name: string): readonly string[] {
  return [...new Set([name, service.name, ...aliases])];
}
