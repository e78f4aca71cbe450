import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PORTS } from '../../support/fleet.ts';
import { HUB_ADDRESS } from '../../support/network.ts';
import { must, type Row } from '../row.ts';
import { CALM, type Stage } from '../stage.ts';

const NAME = 'hub.fleet.test';

/** The fields of a fleet's or an identity's document that this row changes. */
type Document = Record<string, unknown>;

function edit(file: string, change: Document): () => void {
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, `${JSON.stringify({ ...(JSON.parse(before) as Document), ...change }, undefined, 2)}\n`);
  return () => writeFileSync(file, before);
}

/** The hub has a name, which web-1 alone knows it by: its agent reads names in a file of its own. */
async function named(stage: Stage): Promise<(address: string | undefined) => void> {
  const { fleet, web1 } = stage;
  const file = join(fleet.folder.path, 'hosts');
  const resolve = (address: string | undefined) =>
    writeFileSync(file, `127.0.0.1 localhost\n${address === undefined ? '' : `${address} ${NAME}\n`}`);
  resolve(HUB_ADDRESS);
  await web1.agent?.kill();
  await fleet.hub?.stop();
  const unnamed = edit(join(fleet.data, 'fleet.json'), { addresses: [HUB_ADDRESS, NAME] });
  const usual = edit(join(web1.data, 'identity', 'identity.json'), { hubAddresses: [`${NAME}:${PORTS.grpc}`] });
  stage.after(async () => {
    await web1.agent?.kill();
    await fleet.hub?.stop();
    unnamed();
    usual();
    web1.agentPrefix = [];
    await fleet.startHub();
    web1.startAgent();
  });
  await fleet.startHub();
  web1.agentPrefix = ['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', file];
  web1.startAgent();
  await stage.logged(web1, new RegExp(`"address":"${NAME}:${PORTS.grpc}".*connected to the hub`));
  await stage.well();
  return resolve;
}

async function hubRestarts({ fleet }: Stage): Promise<void> {
  await fleet.hub?.stop();
  await fleet.startHub();
}

async function nameFails(stage: Stage) {
  const { web1, web2, fleet } = stage;
  const resolve = await named(stage);
  resolve(undefined);
  // What is connected stays so: the name is asked for again when the stream has ended.
  await hubRestarts(stage);
  await stage.logged(web1, new RegExp(`cannot be reached|${NAME}`));
  await stage.seen(web1, 'Unknown and offline', ({ online, sync }) => !online && sync === 'Unknown');
  await stage.heals(web1, CALM);
  const commit = stage.commit();
  await stage.runs(web2, stage.version);
  await stage.runs(web1, stage.version);
  // It comes back with another address than before: the hub's end of the line to this host.
  const other = `10.213.${fleet.hosts.indexOf(web1)}.1`;
  resolve(other);
  await stage.arrived(commit);
  const peers = await fleet.inHubNetwork('ss', '-Htn', 'state', 'established', `sport = :${PORTS.grpc}`);
  must(peers.stdout.includes(`${other}:${PORTS.grpc}`), `nobody is connected to ${other}: ${peers.stdout}`);
  return {
    injected: `${NAME} has no address, by the host's own table of names; later another one`,
    observed: `Unknown by the hub, drift healed, the commit came by the broker; connected to ${other} without a restart`,
  };
}

export const NAME_ROWS: readonly Row[] = [
  { number: 53, part: 'net', fault: 'name of the hub fails and changes', run: nameFails },
];
