import { describe, expect, test } from 'vitest';
import { memoryRefusal, memoryService } from './memory-project.fake.ts';

const MEBIBYTE = 1024 * 1024;

describe('what a container may use', () => {
  test('is without limit where the file says nothing', async () => {
    expect((await memoryService('restart: always')).limits).toEqual({
      memoryBytes: 0,
      memorySwapBytes: 0,
      memoryReservationBytes: 0,
      nanoCpus: 0,
      cpuShares: 0,
      cpuset: '',
      pidsLimit: 0,
      shmSizeBytes: 0,
      ulimits: [],
      cpuPeriod: 0,
      cpuQuota: 0,
      cpuRealtimePeriod: 0,
      cpuRealtimeRuntime: 0,
      cpuCount: 0,
      cgroupParent: '',
      memorySwappiness: 0,
      oomKillDisable: false,
      oomScoreAdjustment: 0,
      blockIo: undefined,
    });
  });

  test.each([
    ['mem_limit: 1.5g', { memoryBytes: 1536 * MEBIBYTE }],
    ['mem_limit: 67108864', { memoryBytes: 64 * MEBIBYTE }],
    // Every unit is a power of 1024, however it is spelled.
    ['mem_limit: 64MiB\nmemswap_limit: 128mb', { memoryBytes: 64 * MEBIBYTE, memorySwapBytes: 128 * MEBIBYTE }],
    ['mem_limit: 64m\nmemswap_limit: -1', { memorySwapBytes: -1 }],
    ['mem_limit: 64m\nmemswap_limit: "-1"', { memorySwapBytes: -1 }],
    ['memswap_limit: 0', { memorySwapBytes: 0 }],
    ['mem_reservation: 32m', { memoryReservationBytes: 32 * MEBIBYTE }],
    ['deploy: { resources: { reservations: { memory: 32m } } }', { memoryReservationBytes: 32 * MEBIBYTE }],
    // Docker compose keeps a 32-bit float, which is 0.28999999165534973.
    ['cpus: 0.29', { nanoCpus: 290_000_000 }],
    ['cpus: "2"', { nanoCpus: 2_000_000_000 }],
    ['cpus: .5', { nanoCpus: 500_000_000 }],
    [
      'deploy: { resources: { limits: { cpus: "1.5", memory: 64m, pids: 10 } } }',
      { nanoCpus: 1_500_000_000, pidsLimit: 10 },
    ],
    ['mem_limit: 64m\ndeploy: { resources: { limits: { memory: 65536k } } }', { memoryBytes: 64 * MEBIBYTE }],
    ['cpu_shares: 512\ncpuset: 0-1,3', { cpuShares: 512, cpuset: '0-1,3' }],
    ['pids_limit: 100', { pidsLimit: 100 }],
    ['pids_limit: -1', { pidsLimit: 0 }],
    ['cpu_period: 50000\ncpu_quota: "25000"', { cpuPeriod: 50_000, cpuQuota: 25_000 }],
    ['cpu_quota: -1\ncpus: 0', { cpuQuota: -1 }],
    ['cpu_rt_period: 1000000\ncpu_rt_runtime: 950000', { cpuRealtimePeriod: 1_000_000, cpuRealtimeRuntime: 950_000 }],
    ['cpu_count: 2\ncgroup_parent: /a/b', { cpuCount: 2, cgroupParent: '/a/b' }],
    ['mem_swappiness: 60', { memorySwappiness: 60 }],
    // Docker compose drops a zero, and so does this.
    ['mem_swappiness: 0', { memorySwappiness: 0 }],
    ['oom_kill_disable: true\noom_score_adj: -500', { oomKillDisable: true, oomScoreAdjustment: -500 }],
    [
      'blkio_config: { weight: 300, weight_device: [{ path: /dev/sda, weight: 400 }], device_read_bps: [{ path: /dev/sda, rate: 12mb }], device_write_iops: [{ path: /dev/sda, rate: 30 }] }',
      {
        blockIo: {
          weight: 300,
          weightDevices: [{ path: '/dev/sda', rate: 400 }],
          readBytes: [{ path: '/dev/sda', rate: 12 * MEBIBYTE }],
          writeBytes: [],
          readOperations: [],
          writeOperations: [{ path: '/dev/sda', rate: 30 }],
        },
      },
    ],
    ['blkio_config: {}', { blockIo: undefined }],
    ['shm_size: 128M', { shmSizeBytes: 128 * MEBIBYTE }],
    [
      'ulimits: { nproc: 65535, memlock: -1, nofile: { soft: 1024, hard: "2048" } }',
      {
        ulimits: [
          { name: 'memlock', soft: -1, hard: -1 },
          { name: 'nofile', soft: 1024, hard: 2048 },
          { name: 'nproc', soft: 65_535, hard: 65_535 },
        ],
      },
    ],
  ])('%s', async (attributes, limits) => {
    expect((await memoryService(attributes)).limits).toMatchObject(limits);
  });

  test.each([
    ['mem_limit: 5m', 'COMPOSE_QUANTITY 4:16'],
    ['memswap_limit: 1g', 'COMPOSE_CONFLICT 4:20'],
    ['mem_limit: 64m\nmemswap_limit: 32m', 'COMPOSE_CONFLICT 5:20'],
    ['mem_limit: 64m\nmem_reservation: 65m', 'COMPOSE_CONFLICT 5:22'],
    ['cpus: -1', 'COMPOSE_QUANTITY 4:11'],
    ['cpus: 0,5', 'COMPOSE_QUANTITY 4:11'],
    ['cpuset: all', 'COMPOSE_VALUE 4:13'],
    ['pids_limit: -2', 'COMPOSE_QUANTITY 4:17'],
    ['cpus: 1\ndeploy: { resources: { limits: { cpus: "2" } } }', 'COMPOSE_CONFLICT 3:5'],
    ['cpu_period: 500', 'COMPOSE_QUANTITY 4:17'],
    ['cpu_quota: 999', 'COMPOSE_QUANTITY 4:16'],
    ['cpus: 1\ncpu_quota: 50000', 'COMPOSE_CONFLICT 5:16'],
    ['deploy: { resources: { limits: { cpus: 1 } } }\ncpu_period: 50000', 'COMPOSE_CONFLICT 5:17'],
    ['cpu_rt_period: 1000\ncpu_rt_runtime: 2000', 'COMPOSE_CONFLICT 5:21'],
    ['mem_swappiness: 101', 'COMPOSE_QUANTITY 4:21'],
    ['oom_score_adj: 1001', 'COMPOSE_QUANTITY 4:20'],
    ['blkio_config: { weight: 5 }', 'COMPOSE_QUANTITY 4:29'],
    ['blkio_config: { device_read_bps: [{ path: sda, rate: 1 }] }', 'COMPOSE_VALUE 4:47'],
    ['blkio_config: { device_read_bps: [{ path: /dev/sda }] }', 'COMPOSE_VALUE 4:39'],
    ['ulimits: { files: 5 }', 'COMPOSE_VALUE 4:23'],
    ['ulimits: { nofile: { soft: 5, hard: 4 } }', 'COMPOSE_CONFLICT 4:24'],
    ['ulimits: { nofile: { soft: -1, hard: 4 } }', 'COMPOSE_CONFLICT 4:24'],
    ['ulimits: { nofile: { soft: 5 } }', 'COMPOSE_VALUE 4:24'],
    ['ulimits: { nofile: -2 }', 'COMPOSE_QUANTITY 4:24'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await memoryRefusal(attributes)).toBe(refusal);
  });
});
