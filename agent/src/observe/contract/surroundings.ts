import assert from 'node:assert/strict';
import { body, type Clause, details, holds, LABEL, refuses, seen, withContainer, withNetwork } from './clause.ts';

/** Networks, namespaces and volumes. */
export const SURROUNDINGS: readonly Clause[] = [
  {
    name: 'a network has one name, tells its labels, and stays while a running container is on it',
    holds: ({ engine }) =>
      withNetwork(engine, { Name: 'contract-net' }, async (network) => {
        await refuses('ENGINE_CONFLICT', () => engine.createNetwork({ Name: 'contract-net', Driver: 'bridge' }));
        const [listed] = (await engine.listNetworks()).filter(({ id }) => id === network);
        assert.deepEqual([listed?.name, listed?.labels], ['contract-net', { [LABEL]: 'contract' }]);
        assert.deepEqual([listed?.inspected.Driver, listed?.inspected.Internal], ['bridge', false]);
        await withContainer(engine, { HostConfig: { NetworkMode: 'contract-net' } }, async (id) => {
          assert.deepEqual(await engine.attachedTo(network), []);
          await engine.startContainer(id);
          assert.deepEqual(await engine.attachedTo(network), [id]);
          await refuses('ENGINE_ERROR', () => engine.removeNetwork(network));
        });
      }),
  },
  {
    name: 'a container joins and leaves networks while it runs, and keeps its names there',
    holds: ({ engine }) =>
      withNetwork(engine, { Name: 'contract-net' }, (network) =>
        withContainer(engine, {}, async (id) => {
          await engine.startContainer(id);
          await engine.connectNetwork('contract-net', id, { Aliases: ['b', 'a'] });
          const joined = await seen(engine, id);
          assert.deepEqual(joined['networks.contract-net.aliases'], '["a","b"]');
          const endpoint = (await details(engine, id)).inspected.NetworkSettings?.Networks?.['contract-net'];
          assert.equal(endpoint?.NetworkID, network);
          await refuses('ENGINE_ERROR', () => engine.connectNetwork('contract-net', id, {}));
          await engine.disconnectNetwork(network, id);
          await engine.disconnectNetwork(network, id);
          assert.equal((await seen(engine, id))['networks.contract-net'], undefined);
        }),
      ),
  },
  {
    name: 'a fixed address is held by one running container, told while it is, and refused to another',
    holds: ({ engine }) =>
      withNetwork(
        engine,
        { Name: 'contract-net', IPAM: { Config: [{ Subnet: '10.213.7.0/24' }] } },
        async (network) => {
          const EndpointsConfig = { 'contract-net': { IPAMConfig: { IPv4Address: '10.213.7.9' } } };
          const asked = { HostConfig: { NetworkMode: 'contract-net' }, NetworkingConfig: { EndpointsConfig } };
          await withContainer(engine, asked, async (id) => {
            const other = await engine.createContainer('contract-two', body(asked), '');
            const held = async () =>
              (await engine.listContainers()).filter((one) => one.id === id).flatMap(({ addresses }) => addresses);
            try {
              assert.deepEqual(await held(), []);
              await engine.startContainer(id);
              assert.deepEqual(await held(), [{ network, address: '10.213.7.9' }]);
              assert.deepEqual((await details(engine, id)).addresses, await held());
              await refuses('ADDRESS_TAKEN', () => engine.startContainer(other));
              await engine.stopContainer(id);
              await holds('the address is free again', async () => (await held()).length === 0);
              await engine.startContainer(other);
            } finally {
              await engine.removeContainer(other);
            }
          });
        },
      ),
  },
  {
    name: 'networks that are asked for at creation are there, and one that is missing fails by the start',
    holds: ({ engine }) =>
      withNetwork(engine, { Name: 'contract-net' }, async () => {
        const EndpointsConfig = { 'contract-net': { Aliases: ['db'] } };
        const asked = { HostConfig: { NetworkMode: 'contract-net' }, NetworkingConfig: { EndpointsConfig } };
        await withContainer(engine, asked, async (id) => {
          const { networks, network_mode, 'networks.contract-net.aliases': aliases } = await seen(engine, id);
          assert.deepEqual([networks, network_mode, aliases], ['contract-net', undefined, '["db"]']);
        });
        await refuses('ENGINE_ERROR', () =>
          withContainer(engine, { HostConfig: { NetworkMode: 'contract-none' } }, (id) => engine.startContainer(id)),
        );
      }),
  },
  {
    name: "a container of other networks that is put on the engine's own bridge is seen there",
    holds: ({ engine }) =>
      withNetwork(engine, { Name: 'contract-net' }, () =>
        withContainer(engine, { HostConfig: { NetworkMode: 'contract-net' } }, async (id) => {
          await engine.startContainer(id);
          await engine.connectNetwork('bridge', id, {});
          const { networks, 'networks.bridge': bridge, 'networks.contract-net': own } = await seen(engine, id);
          assert.deepEqual([networks, bridge, own], ['contract-net', 'attached', 'attached']);
        }),
      ),
  },
  {
    name: 'a namespace of another container is told by its id, and asks for it to run',
    holds: ({ engine }) =>
      withContainer(engine, {}, async (owner) => {
        const HostConfig = { NetworkMode: `container:${owner}`, PidMode: `container:${owner}` };
        const guest = await engine.createContainer('contract-two', body({ HostConfig }), '');
        try {
          const { network_mode, pid } = await seen(engine, guest);
          assert.deepEqual([network_mode, pid], [`container:${owner}`, `container:${owner}`]);
          await assert.rejects(() => engine.startContainer(guest));
          await engine.startContainer(owner);
          await engine.startContainer(guest);
          assert.equal((await details(engine, guest)).status, 'running');
        } finally {
          await engine.removeContainer(guest);
        }
      }),
  },
  {
    name: 'a volume is made once: making it again changes nothing',
    holds: async ({ engine }) => {
      await engine.createVolume({ name: 'contract_v', driver: '', options: {}, labels: { first: '1' } });
      await engine.createVolume({ name: 'contract_v', driver: '', options: {}, labels: { second: '2' } });
      const found = (await engine.listVolumes()).filter(({ name }) => name === 'contract_v');
      assert.deepEqual(
        found.map(({ id, labels, inspected }) => [id, labels, inspected.Driver]),
        [['contract_v', { first: '1' }, 'local']],
      );
    },
  },
];
