import { describe, expect, test } from 'vitest';
import { loadMemory, refusalOf } from './memory-project.fake.ts';

const POOLS = 'ipam: { config: [{ subnet: 10.5.0.0/16 }, { subnet: "fd00::/64" }] }';

function stack(attributes: string, top = `networks: { a: { ${POOLS} }, b: }`): string {
  return `services:\n  web: { image: x, ${attributes} }\n${top}\n`;
}

async function load(attributes: string, top?: string) {
  return (await loadMemory({ files: { 'compose.yaml': stack(attributes, top) } })).project;
}

describe('networks of a service', () => {
  test('the one with the highest priority is primary, the others follow by key', async () => {
    const top = 'networks: { a: , b: , c: }';
    const keys = async (networks: string) =>
      (await load(`networks: ${networks}`, top)).services[0]?.networks.map(({ network }) => network);
    expect(await keys('{ a: , b: { priority: 1 }, c: { priority: 1000 } }')).toEqual(['c', 'a', 'b']);
    expect(await keys('{ c: , b: , a: }')).toEqual(['a', 'b', 'c']);
    expect(await keys('{ a: { priority: -1 }, b: }')).toEqual(['b', 'a']);
  });

  test('have addresses of their own', async () => {
    const project = await load(
      'networks: { a: { ipv4_address: 10.5.0.9, ipv6_address: "fd00::9", link_local_ips: [169.254.8.8, 169.254.8.7] } }',
    );
    expect(project.services[0]?.networks).toEqual([
      {
        network: 'a',
        aliases: [],
        ipv4Address: '10.5.0.9',
        ipv6Address: 'fd00::9',
        linkLocalIps: ['169.254.8.7', '169.254.8.8'],
        driverOptions: [],
        gatewayPriority: 0,
        interfaceName: '',
        macAddress: '',
      },
    ]);
  });

  test.each([
    ['networks: { a: { ipv4_address: 10.5.0 } }', 'COMPOSE_VALUE 2:51'],
    ['networks: { a: { ipv4_address: "fd00::9" } }', 'COMPOSE_VALUE 2:51'],
    // Without a pool of its own a network takes no address.
    ['networks: { b: { ipv4_address: 10.5.0.9 } }', 'COMPOSE_CONFLICT 2:51'],
    ['networks: { a: { ipv4_address: 10.5.0.9 } }, scale: 2', 'COMPOSE_CONFLICT 2:51'],
    ['networks: { a: { mac_address: "02:42:ac:11:00" } }', 'COMPOSE_VALUE 2:50'],
    [
      'mac_address: "02:42:ac:11:00:01", networks: { a: { mac_address: "02:42:ac:11:00:02" } }',
      'COMPOSE_CONFLICT 2:33',
    ],
    ['networks: { a: { mac_address: "02:42:ac:11:00:01" } }, scale: 2', 'COMPOSE_CONFLICT 2:50'],
    ['mac_address: "02:42:ac:11:00:01", network_mode: bridge', 'COMPOSE_CONFLICT 2:33'],
    ['networks: { a: { interface_name: "a/b" } }', 'COMPOSE_VALUE 2:53'],
    ['networks: { a: { gw_priority: 9999999999 } }', 'COMPOSE_QUANTITY 2:50'],
  ])('%s is refused', async (attributes, refusal) => {
    expect(await refusalOf({ files: { 'compose.yaml': stack(attributes) } })).toBe(refusal);
  });

  test('one address for two services is refused', async () => {
    const text = `services:\n  a: { image: x, networks: { n: { ipv4_address: 10.5.0.9 } } }\n  b: { image: x, networks: { n: { ipv4_address: 10.5.0.9 } } }\nnetworks: { n: { ${POOLS} } }\n`;
    expect(await refusalOf({ files: { 'compose.yaml': text } })).toBe('COMPOSE_CONFLICT 3:49');
  });
});

describe('a network', () => {
  test('has driver options, addresses and switches', async () => {
    const { networks } = await load(
      'networks: [n]',
      'networks: { n: { attachable: true, enable_ipv6: false, driver_opts: { z: 1, a: b }, ipam: { driver: default, options: { o: p }, config: [{ subnet: 10.7.0.0/16 }, { subnet: 10.6.0.0/16, gateway: 10.6.0.1, ip_range: 10.6.1.0/24, aux_addresses: { b: 10.6.0.3, a: 10.6.0.2 } }] } } }',
    );
    expect(networks).toEqual([
      {
        key: 'n',
        name: 'shop_n',
        external: false,
        driver: '',
        internal: false,
        attachable: true,
        enableIpv6: false,
        labels: [],
        driverOptions: [
          { name: 'a', value: 'b' },
          { name: 'z', value: '1' },
        ],
        ipam: {
          driver: 'default',
          options: [{ name: 'o', value: 'p' }],
          pools: [
            {
              subnet: '10.6.0.0/16',
              gateway: '10.6.0.1',
              ipRange: '10.6.1.0/24',
              auxiliaryAddresses: [
                { name: 'a', value: '10.6.0.2' },
                { name: 'b', value: '10.6.0.3' },
              ],
            },
            { subnet: '10.7.0.0/16', gateway: '', ipRange: '', auxiliaryAddresses: [] },
          ],
        },
      },
    ]);
  });

  test('whose address management says nothing has the engine choose', async () => {
    expect((await load('networks: [n]', 'networks: { n: { ipam: {} } }')).networks[0]?.ipam).toBeUndefined();
  });

  test.each([
    ['networks: { n: { ipam: { config: [{ subnet: 10.0.0.0 }] } } }', 'COMPOSE_VALUE 3:45'],
    ['networks: { n: { ipam: { config: [{ subnet: 10.0.0.0/33 }] } } }', 'COMPOSE_VALUE 3:45'],
    ['networks: { n: { ipam: { config: [{ gateway: 10.0.0.1 }] } } }', 'COMPOSE_VALUE 3:35'],
    ['networks: { n: { ipam: { config: [{ subnet: 10.0.0.0/8, gateway: x }] } } }', 'COMPOSE_VALUE 3:66'],
  ])('%s is refused', async (top, refusal) => {
    expect(await refusalOf({ files: { 'compose.yaml': stack('networks: [n]', top) } })).toBe(refusal);
  });
});

describe('a volume', () => {
  test('has driver options', async () => {
    const { volumes } = await load(
      'volumes: ["vol:/v"]',
      'volumes: { vol: { driver: nfs, driver_opts: { o: x, a: 1 } } }',
    );
    expect(volumes).toMatchObject([
      {
        driver: 'nfs',
        driverOptions: [
          { name: 'a', value: '1' },
          { name: 'o', value: 'x' },
        ],
      },
    ]);
  });
});
