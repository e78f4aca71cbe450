import assert from 'node:assert/strict';
import { body, type Clause, details, refuses, seen, withContainer } from './clause.ts';

/** How a container lives. */
export const LIFE: readonly Clause[] = [
  {
    name: 'a container starts, pauses, goes on, restarts, stops, and goes',
    holds: ({ engine, pause }) =>
      withContainer(engine, { RestartPolicy: {} }, async (id) => {
        await engine.startContainer(id);
        const first = await details(engine, id);
        assert.deepEqual([first.status, first.health, first.startedAtMs > 0], ['running', '', true]);
        await pause(id);
        assert.equal((await details(engine, id)).status, 'paused');
        await refuses('ENGINE_CONFLICT', () => engine.startContainer(id));
        await engine.unpauseContainer(id);
        await refuses('ENGINE_ERROR', () => engine.unpauseContainer(id));
        await engine.restartContainer(id);
        assert.equal((await details(engine, id)).status, 'running');
        await engine.stopContainer(id);
        await engine.stopContainer(id);
        assert.equal((await details(engine, id)).status, 'exited');
        await engine.removeContainer(id);
        assert.equal(await engine.inspectContainer(id), undefined);
      }),
  },
  {
    name: 'what is gone cannot be changed, and may be stopped and removed again',
    holds: async ({ engine }) => {
      const gone = 'f'.repeat(64);
      await engine.stopContainer(gone);
      await engine.removeContainer(gone);
      await engine.removeNetwork(gone);
      await engine.disconnectNetwork('bridge', gone);
      assert.deepEqual([await engine.attachedTo(gone), await engine.inspectImage(gone)], [undefined, undefined]);
      await refuses('ENGINE_ERROR', () => engine.startContainer(gone));
      await refuses('ENGINE_ERROR', () => engine.restartContainer(gone));
      await refuses('ENGINE_ERROR', () => engine.unpauseContainer(gone));
      await refuses('ENGINE_ERROR', () => engine.renameContainer(gone, 'contract-one'));
      await refuses('ENGINE_ERROR', () => engine.updateContainer(gone, { CpuShares: 512 }));
    },
  },
  {
    name: 'a command runs in a container that runs, and tells how it ended and what it said',
    holds: ({ engine }) =>
      withContainer(engine, {}, async (id) => {
        const shell = (script: string) => ({
          Cmd: ['/bin/sh', '-c', script],
          User: '',
          Privileged: false,
          WorkingDir: '',
          Env: [],
        });
        await refuses('ENGINE_CONFLICT', () => engine.runCommand(id, shell('exit 0')));
        await engine.startContainer(id);
        assert.deepEqual(await engine.runCommand(id, shell('exit 0')), { exitCode: 0, output: '' });
        const ended = await engine.runCommand(id, shell('echo said it; exit 3'));
        assert.deepEqual(ended, { exitCode: 3, output: 'said it\n' });
        assert.equal((await details(engine, id)).status, 'running');
      }),
  },
  {
    name: 'a name is changed to a free one, and only to a free one',
    holds: ({ engine }) =>
      withContainer(engine, {}, async (id) => {
        await engine.renameContainer(id, 'contract-two');
        const other = await engine.createContainer('contract-one', body(), '');
        await refuses('ENGINE_CONFLICT', () => engine.renameContainer(id, 'contract-one'));
        await engine.removeContainer(other);
        assert.deepEqual(
          (await engine.listContainers()).filter((one) => one.id === id).map(({ name }) => name),
          ['contract-two'],
        );
      }),
  },
  {
    name: 'limits change while it runs; 0 leaves them, and memory alone is refused where it passes the swap',
    holds: ({ engine }) =>
      withContainer(engine, { HostConfig: { Memory: 67_108_864, CpuShares: 512 } }, async (id) => {
        await engine.startContainer(id);
        const limits = async () => {
          const { mem_limit, memswap_limit, cpu_shares, pids_limit, restart } = await seen(engine, id);
          return { mem_limit, memswap_limit, cpu_shares, pids_limit, restart };
        };
        await refuses('ENGINE_CONFLICT', () => engine.updateContainer(id, { Memory: 268_435_456 }));
        await engine.updateContainer(id, { Memory: 100_663_296, MemorySwap: 201_326_592 });
        await engine.updateContainer(id, { CpuShares: 0, PidsLimit: 50, RestartPolicy: { Name: 'always' } });
        const limited = { mem_limit: '100663296', memswap_limit: '201326592', cpu_shares: '512' };
        assert.deepEqual(await limits(), { ...limited, pids_limit: '50', restart: 'always' });
        await engine.updateContainer(id, { PidsLimit: -1, RestartPolicy: { Name: 'no' } });
        assert.deepEqual(await limits(), { ...limited, pids_limit: undefined, restart: undefined });
        await engine.updateContainer(id, { Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 10 }] });
        assert.equal((await seen(engine, id))['ulimits.nofile'], undefined);
      }),
  },
  {
    name: 'a port of the host is held by one running container, and shown only while it is',
    holds: ({ engine }) => {
      const PortBindings = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18999' }] };
      const publishing = { ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings } };
      return withContainer(engine, publishing, async (id) => {
        const other = await engine.createContainer('contract-two', body(publishing), '');
        try {
          const held = async () =>
            (await engine.listContainers()).filter((one) => one.id === id).flatMap(({ hostPorts }) => hostPorts);
          assert.deepEqual(await held(), []);
          assert.deepEqual((await details(engine, id)).hostPorts, ['18999/tcp']);
          await engine.startContainer(id);
          assert.deepEqual(await held(), ['18999/tcp']);
          await refuses('PORT_TAKEN', () => engine.startContainer(other));
        } finally {
          await engine.removeContainer(other);
        }
      });
    },
  },
];
