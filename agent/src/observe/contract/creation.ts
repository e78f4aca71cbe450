import assert from 'node:assert/strict';
import { body, type Clause, details, IMAGE, refuses, seen, withContainer } from './clause.ts';

/** How a container is made, and what is read of it. */
export const CREATION: readonly Clause[] = [
  {
    name: 'a container of nothing but an image shows what the image sets',
    holds: ({ engine }) =>
      withContainer(engine, {}, async (id) => {
        const { name, status, labels, startedAtMs, restartPolicy, anonymousVolumes } = await details(engine, id);
        assert.deepEqual(
          { name, status, labels, startedAtMs, restartPolicy },
          {
            name: 'contract-one',
            status: 'created',
            labels: { 'from.image': 'yes' },
            startedAtMs: 0,
            restartPolicy: 'no',
          },
        );
        assert.deepEqual(
          anonymousVolumes.map(({ target }) => target),
          ['/kept'],
        );
        const fields = await seen(engine, id);
        const { hostname, ipc, cgroup, runtime, shm_size, 'logging.driver': driver, ...rest } = fields;
        assert.deepEqual(rest, {
          container_name: 'contract-one',
          image: 'docker.io/local/contract:1',
          command: '["sleep","3600"]',
          'environment.PATH': '=/bin',
          'environment.FROM_IMAGE': '=yes',
          'labels.from.image': '=yes',
          network_mode: 'bridge',
          stop_grace_period: '1s',
          stop_signal: 'KILL',
          user: '0',
          'volumes./kept': 'anonymous',
          working_dir: '/tmp',
        });
        assert.equal(hostname, id.slice(0, 12));
        assert.deepEqual([ipc, runtime, shm_size, driver], ['private', 'runc', '67108864', 'json-file']);
        assert.match(cgroup ?? '', /^(?:private|host)$/);
      }),
  },
  {
    name: 'environment and labels are merged with those of the image, a name alone takes a variable away',
    holds: ({ engine }) =>
      withContainer(engine, { Env: ['PATH=/opt', 'OWN=', 'FROM_IMAGE'], Labels: { own: '1' } }, async (id) => {
        const fields = await seen(engine, id);
        const paths = Object.entries(fields).filter(([path]) => /^(?:environment|labels)\./.test(path));
        assert.deepEqual(Object.fromEntries(paths), {
          'environment.PATH': '=/opt',
          'environment.OWN': '=',
          'environment.FROM_IMAGE': 'unset',
          'labels.own': '=1',
          'labels.from.image': '=yes',
        });
      }),
  },
  {
    name: 'an entrypoint takes the command of the image away',
    holds: ({ engine }) =>
      withContainer(engine, { Entrypoint: ['sleep', '60'] }, async (id) => {
        const { command, entrypoint } = await seen(engine, id);
        assert.deepEqual({ command, entrypoint }, { command: undefined, entrypoint: '["sleep","60"]' });
      }),
  },
  {
    name: 'an entrypoint or a command of nothing leaves the command of the image',
    holds: ({ engine }) =>
      withContainer(engine, { Entrypoint: [], Cmd: [] }, async (id) => {
        const { command, entrypoint } = await seen(engine, id);
        assert.deepEqual({ command, entrypoint }, { command: '["sleep","3600"]', entrypoint: undefined });
      }),
  },
  {
    name: 'memory brings twice as much with swap, and no limit of processes is none however it is spelled',
    holds: ({ engine }) =>
      withContainer(engine, { HostConfig: { Memory: 67_108_864, PidsLimit: -1 } }, async (id) => {
        const { mem_limit, memswap_limit, pids_limit } = await seen(engine, id);
        assert.deepEqual([mem_limit, memswap_limit, pids_limit], ['67108864', '134217728', undefined]);
      }),
  },
  {
    name: 'a trailing slash of the working directory goes',
    holds: ({ engine }) =>
      withContainer(engine, { WorkingDir: '/tmp/' }, async (id) => {
        assert.equal((await seen(engine, id))['working_dir'], '/tmp');
      }),
  },
  {
    name: 'a healthcheck takes from the image what it leaves open, and none stays none',
    holds: ({ engine }) =>
      withContainer(engine, { Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000 } }, async (id) => {
        const fields = await seen(engine, id);
        const check = Object.entries(fields).filter(([path]) => path.startsWith('healthcheck.'));
        assert.deepEqual(Object.fromEntries(check), {
          'healthcheck.test': '["CMD","true"]',
          'healthcheck.interval': '1000000000',
        });
      }),
  },
  {
    name: 'mounts are told by target, whatever form they were asked for in',
    holds: ({ engine }) => {
      const asked = {
        Binds: ['contract_named:/named:ro', '/etc:/host:ro'],
        Mounts: [
          { Type: 'volume', Target: '/kept' },
          { Type: 'tmpfs', Target: '/memory', TmpfsOptions: { SizeBytes: 65_536 } },
        ],
        Tmpfs: { '/run': 'size=64k' },
      };
      return withContainer(engine, { HostConfig: asked }, async (id) => {
        const fields = await seen(engine, id);
        const mounts = Object.entries(fields).filter(([path]) => /^(?:volumes|tmpfs)\./.test(path));
        assert.deepEqual(Object.fromEntries(mounts), {
          'volumes./named': 'volume contract_named ro',
          'volumes./host': 'bind /etc ro',
          'volumes./kept': 'anonymous',
          'volumes./memory': 'memory size=65536',
          'tmpfs./run': 'memory size=64k',
        });
        assert.ok((await engine.listVolumes()).some(({ name }) => name === 'contract_named'));
      });
    },
  },
  {
    name: 'privileges bring no security option that the canonical form shows, whatever is asked for beside them',
    holds: ({ engine }) => {
      const asked = { SecurityOpt: ['label=disable'], MaskedPaths: [], ReadonlyPaths: [], CapAdd: ['net_admin'] };
      return withContainer(engine, { HostConfig: { Privileged: true, ...asked } }, async (id) => {
        const { privileged, security_opt, cap_add } = await seen(engine, id);
        assert.deepEqual([privileged, security_opt, cap_add], ['true', undefined, '["CAP_NET_ADMIN"]']);
      });
    },
  },
  {
    name: 'a taken name and a missing image are refused, each with its code',
    holds: ({ engine }) =>
      withContainer(engine, {}, async () => {
        await refuses('ENGINE_CONFLICT', () => engine.createContainer('contract-one', body(), ''));
        await refuses('IMAGE_NOT_FOUND', () => engine.createContainer('contract-two', { Image: 'local/none:9' }, ''));
        assert.equal(await engine.imageId('local/none:9'), undefined);
      }),
  },
  {
    name: 'a tag names the image that it was put on last, by the id that containers of it tell',
    holds: (subject) =>
      withContainer(subject.engine, {}, async (id) => {
        await subject.tag(IMAGE, 'local/moved:1');
        const { imageId } = await details(subject.engine, id);
        const named = await Promise.all([IMAGE, 'local/moved:1'].map((tag) => subject.engine.imageId(tag)));
        assert.deepEqual(named, [imageId, imageId]);
      }),
  },
];
