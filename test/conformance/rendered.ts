import {
  type Bundle,
  type ContainerSpec,
  DependencyCondition,
  type Label,
  type Mount,
  type Network,
  PullPolicy,
  type Service,
  type Volume,
} from '@mooring/proto';
import { byName, type Comparable } from './comparable.ts';

/** Services, networks and volumes of a bundle. */
export function comparableBundle({ services, networks, volumes }: Bundle): Comparable {
  return {
    services: byName(services, (service) => [service.name, comparableService(service)]),
    networks: byName(networks, (network) => [network.key, comparableNetwork(network)]),
    volumes: byName(volumes, (volume) => [volume.key, comparableResource(volume)]),
  };
}

const CONDITIONS: Readonly<Record<number, string>> = {
  [DependencyCondition.DEPENDENCY_CONDITION_SERVICE_STARTED]: 'service_started',
  [DependencyCondition.DEPENDENCY_CONDITION_SERVICE_HEALTHY]: 'service_healthy',
  [DependencyCondition.DEPENDENCY_CONDITION_SERVICE_COMPLETED_SUCCESSFULLY]: 'service_completed_successfully',
};
const PULL_POLICIES: Readonly<Record<number, string>> = {
  [PullPolicy.PULL_POLICY_MISSING]: 'missing',
  [PullPolicy.PULL_POLICY_ALWAYS]: 'always',
  [PullPolicy.PULL_POLICY_NEVER]: 'never',
};

function comparableService({ container, replicas, dependsOn, pullPolicy, containerName }: Service): Comparable {
  if (container === undefined) return {};
  const { healthcheck, restart } = container;
  return {
    image: container.image,
    command: container.command?.values,
    entrypoint: container.entrypoint === undefined ? undefined : { values: container.entrypoint.values },
    environment: byName(container.environment, ({ name, value }) => [
      name,
      value === undefined ? 'unset' : `=${value}`,
    ]),
    labels: texts(container.labels),
    ports: container.ports
      .filter(({ published }) => published)
      .map(
        ({ hostAddress, hostPort, containerPort, protocol }) =>
          `${hostAddress} ${hostPort} ${containerPort}/${protocol}`,
      )
      .sort(),
    exposed: container.ports
      .filter(({ published }) => !published)
      .map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)
      .sort(),
    mounts: byName(container.mounts, (mount) => [mount.target, comparableMount(mount)]),
    networks: networksOf(container),
    depends_on: byName(dependsOn, ({ service, condition, restart: follows, required }) => [
      service,
      { condition: CONDITIONS[condition], restart: follows, required },
    ]),
    healthcheck: {
      test: healthcheck?.test,
      interval: Number(healthcheck?.intervalNanos ?? 0),
      timeout: Number(healthcheck?.timeoutNanos ?? 0),
      start_period: Number(healthcheck?.startPeriodNanos ?? 0),
      start_interval: Number(healthcheck?.startIntervalNanos ?? 0),
      retries: healthcheck?.retries,
    },
    restart: restart === undefined ? undefined : `${restart.name}:${restart.maximumRetries}`.replace(/:0$/, ''),
    replicas,
    container_name: containerName,
    ...attributesOf(container),
    pull_policy: PULL_POLICIES[pullPolicy],
  };
}

function attributesOf(container: ContainerSpec): Comparable {
  return {
    process: {
      hostname: container.hostname,
      domainname: container.domainname,
      user: container.user,
      working_dir: container.workingDir,
      tty: container.tty,
      stdin_open: container.stdinOpen,
      init: container.init === undefined ? undefined : String(container.init),
      stop_signal: container.stopSignal,
      stop_seconds: container.stopTimeoutSeconds,
    },
    limits: {
      memory: Number(container.memoryBytes),
      memory_swap: Number(container.memorySwapBytes),
      memory_reservation: Number(container.memoryReservationBytes),
      nano_cpus: Number(container.nanoCpus),
      cpu_shares: Number(container.cpuShares),
      cpuset: container.cpuset,
      pids: Number(container.pidsLimit),
      shm_size: Number(container.shmSizeBytes),
      ulimits: byName(container.ulimits, ({ name, soft, hard }) => [name, [Number(soft), Number(hard)]]),
    },
    security: {
      read_only: container.readOnly,
      privileged: container.privileged,
      cap_add: container.capAdd.map((name) => name.replace(/^CAP_/, '')).sort(),
      cap_drop: container.capDrop.map((name) => name.replace(/^CAP_/, '')).sort(),
      security_opt: container.securityOptions,
      sysctls: texts(container.sysctls),
      group_add: container.groupAdd,
    },
    devices: byName(container.devices, ({ source, target, permissions }) => [target, [source, permissions]]),
    names: {
      extra_hosts: container.extraHosts,
      dns: container.dns,
      dns_opt: container.dnsOptions,
      dns_search: container.dnsSearch,
    },
    logging: { driver: container.logging?.driver, options: texts(container.logging?.options ?? []) },
    namespaces: {
      network: container.networkMode,
      pid: container.pidMode,
      ipc: container.ipcMode,
      uts: container.utsMode,
      userns: container.usernsMode,
    },
    platform: container.platform,
    rare: rareOf(container),
  };
}

function rareOf(container: ContainerSpec): Comparable {
  const { blockIo } = container;
  const rates = (devices: readonly { path: string; rate: bigint }[] = []) =>
    devices.map(({ path, rate }) => `${path} ${rate}`);
  const links = (kind: string) =>
    container.links
      .filter(({ target }) => target?.$case === kind)
      .map(({ target, alias }) => `${target?.value}:${alias}`);
  return {
    annotations: texts(container.annotations),
    blkio_weight: blockIo?.weight,
    blkio: [
      rates(blockIo?.weightDevices),
      rates(blockIo?.readBytes),
      rates(blockIo?.writeBytes),
      rates(blockIo?.readOperations),
      rates(blockIo?.writeOperations),
    ].flat(),
    cgroup: container.cgroupMode,
    cgroup_parent: container.cgroupParent,
    cpu: [container.cpuPeriod, container.cpuQuota, container.cpuRealtimePeriod, container.cpuRealtimeRuntime]
      .map(Number)
      .concat(Number(container.cpuCount))
      .filter((value) => value !== 0),
    device_cgroup_rules: container.deviceCgroupRules,
    devices: container.deviceRequests.map(
      ({ driver, count, deviceIds, capabilities, options }) =>
        `${driver} ${count} ${deviceIds} ${capabilities} ${JSON.stringify(texts(options))}`,
    ),
    links: links('service'),
    external_links: links('container'),
    mem_swappiness: container.memorySwappiness,
    oom: [container.oomKillDisable ? 1 : 0, container.oomScoreAdjustment].filter((value) => value !== 0),
    runtime: container.runtime,
    storage_opt: texts(container.storageOptions),
    volumes_from: container.volumesFrom,
  };
}

function texts(labels: readonly Label[]): Comparable {
  return byName(labels, ({ name, value }) => [name, `=${value}`]);
}

function comparableMount(mount: Mount): Comparable {
  const { source, readOnly, propagation, selinux, noCopy, subpath, recursive, volumeLabels } = mount;
  const rare = { subpath, recursive, labels: texts(volumeLabels) };
  const said = { read_only: readOnly, propagation, selinux, nocopy: noCopy, ...rare };
  switch (source?.$case) {
    case 'volume':
      return { source: `volume ${source.value}`, ...said };
    case 'anonymous':
      return { source: 'anonymous', ...said };
    case 'hostPath':
      return { source: `host ${source.value}`, ...said };
    case 'dataPath':
      return { source: `data ${source.value}`, ...said };
    case 'file':
    case 'tree':
      return { source: 'content', ...said };
    case 'tmpfs': {
      const { options, sizeBytes, mode } = source.value;
      if (options !== undefined) return { source: `tmpfs ${options}` };
      return { source: 'tmpfs', size: Number(sizeBytes), mode, ...said };
    }
    case 'image':
      return { source: `image ${source.value.reference}`, ...said };
    case undefined:
      return { source: 'nothing' };
  }
}

function networksOf({ networks }: ContainerSpec): Comparable {
  return {
    primary: networks[0]?.network,
    ...byName(networks, ({ network, aliases, ipv4Address, ipv6Address, linkLocalIps, ...rare }) => [
      `of ${network}`,
      {
        attached: true,
        aliases,
        ipv4: ipv4Address,
        ipv6: ipv6Address,
        link_local: linkLocalIps,
        driver_opts: texts(rare.driverOptions),
        gw_priority: rare.gatewayPriority,
        interface_name: rare.interfaceName,
        mac_address: rare.macAddress,
      },
    ]),
  };
}

function comparableNetwork(network: Network): Comparable {
  const { internal, attachable, enableIpv6, enableIpv4, ipam } = network;
  return {
    ...comparableResource(network),
    internal,
    attachable,
    enable_ipv6: enableIpv6,
    enable_ipv4: enableIpv4,
    ipam: {
      driver: ipam?.driver,
      options: texts(ipam?.options ?? []),
      pools: byName(ipam?.pools ?? [], ({ subnet, gateway, ipRange, auxiliaryAddresses }) => [
        subnet,
        { present: true, gateway, ip_range: ipRange, auxiliary: texts(auxiliaryAddresses) },
      ]),
    },
  };
}

function comparableResource({ name, driver, driverOptions, labels, external }: Network | Volume): Comparable {
  return { name, driver, options: texts(driverOptions), labels: texts(labels), external };
}
