import { run, runQuietly } from './run.ts';
import type { RunFolder } from './run-folder.ts';

/** Address of the hub, the same for every host. */
export const HUB_ADDRESS = '10.213.255.1';

/** One host's namespace. */
export interface HostNetwork {
  readonly namespace: string;
  /** Address by which the hub's namespace reaches the host. */
  readonly address: string;
}

/** A hub and hosts that each have one line to it, and to nobody else. */
export interface Network {
  readonly hub: string;
  host(index: number): HostNetwork;
  /** Takes the line of a host down, or up again. */
  setLine(index: number, state: 'up' | 'down'): Promise<void>;
  close(): Promise<void>;
}

/** Makes one namespace for the hub and one for each host, joined by point-to-point lines. */
export async function startNetwork(folder: RunFolder, hosts: number): Promise<Network> {
  const hub = folder.namespace('hub');
  const networks = Array.from(
    { length: hosts },
    (_, index): HostNetwork => ({
      namespace: folder.namespace(`h${index}`),
      address: `10.213.${index}.2`,
    }),
  );
  await addNamespace(hub);
  await ip(hub, 'addr', 'add', `${HUB_ADDRESS}/32`, 'dev', 'lo');
  for (const [index, { namespace, address }] of networks.entries()) {
    await addNamespace(namespace);
    await run('ip', [
      'link',
      'add',
      `to-h${index}`,
      'netns',
      hub,
      'type',
      'veth',
      'peer',
      'name',
      'to-hub',
      'netns',
      namespace,
    ]);
    await ip(hub, 'addr', 'add', `10.213.${index}.1/30`, 'dev', `to-h${index}`);
    await ip(hub, 'link', 'set', `to-h${index}`, 'up');
    await ip(namespace, 'addr', 'add', `${address}/30`, 'dev', 'to-hub');
    await ip(namespace, 'link', 'set', 'to-hub', 'up');
    await ip(namespace, 'route', 'add', HUB_ADDRESS, 'via', `10.213.${index}.1`);
  }
  return {
    hub,
    host: (index) => networks[index] ?? fail(index),
    setLine: (index, state) => ip(hub, 'link', 'set', `to-h${index}`, state),
    close: async () => {
      for (const name of [hub, ...networks.map(({ namespace }) => namespace)])
        await runQuietly('ip', ['netns', 'delete', name]);
    },
  };
}

async function addNamespace(name: string): Promise<void> {
  await run('ip', ['netns', 'add', name]);
  await ip(name, 'link', 'set', 'lo', 'up');
}

async function ip(namespace: string, ...args: string[]): Promise<void> {
  await run('ip', ['-n', namespace, ...args]);
}

function fail(index: number): never {
  throw new Error(`there is no host ${index}`);
}
