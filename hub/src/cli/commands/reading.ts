import {
  GetHostResponse,
  GetStatusResponse,
  HealthState,
  ListDriftResponse,
  ListHostsResponse,
  ListRevisionsResponse,
  ListStacksResponse,
  SyncState,
} from '@mooring/proto';
import type { Command } from 'commander';
import { EXIT } from '../exit-code.ts';
import { jsonOf } from '../message-json.ts';
import type { Hub, Session } from '../session.ts';
import { type DriftListing, driftText } from '../views/drift.ts';
import { historyText } from '../views/history.ts';
import { hostText } from '../views/host.ts';
import { hostsTable, stacksTable, statusText } from '../views/status.ts';
import { allPages, PAGE_SIZE } from './pages.ts';
import { limitOption, positiveInteger } from './values.ts';

/** Commands that only ask: status, hosts, host, stacks, drift, history. */
export function addReadingCommands(program: Command, session: Session): void {
  program
    .command('status')
    .description('the fleet in one page, the worst first')
    .option('--exit-code', 'end with 3 unless everything is Synced and Healthy')
    .action((options: { exitCode?: true }) => showStatus(session, options.exitCode === true));
  program
    .command('hosts')
    .description('hosts by name')
    .option('-l, --selector <selector>', 'only hosts with these labels', '')
    .action((options: { selector: string }) => showHosts(session, options.selector));
  program
    .command('host')
    .description('one host with its stacks, services and containers')
    .argument('<host>')
    .action((host: string) => showHost(session, host));
  program
    .command('stacks')
    .description('stacks over their hosts')
    .action(() => showStacks(session));
  program
    .command('drift')
    .description('what is not as Git says')
    .argument('[host]', 'only this host', '')
    .option('--stack <stack>', 'only this stack', '')
    .option('--exit-code', 'end with 3 when something differs or a host is unknown')
    .action((host: string, options: { stack: string; exitCode?: true }) =>
      showDrift(session, { host, stack: options.stack, exitCode: options.exitCode === true }),
    );
  program
    .command('history')
    .description('commits and what became of them, newest first')
    .option('-n, --limit <count>', 'how many', positiveInteger, limitOption)
    .action((options: { limit: number }) => showHistory(session, options.limit));
}

async function showStatus({ hub, out, exit }: Session, exitCode: boolean): Promise<void> {
  const status = await (await hub()).fleet.getStatus({});
  out.result(jsonOf(GetStatusResponse, status), () => statusText(status));
  if (exitCode && !isWished(status)) exit(EXIT.notWished);
}

function isWished(status: GetStatusResponse): boolean {
  const { hosts, accepted, refused, problems } = status;
  const well =
    hosts === undefined ||
    hosts.total === 0 ||
    (hosts.sync === SyncState.SYNC_STATE_SYNCED && hosts.health === HealthState.HEALTH_STATE_HEALTHY);
  return well && accepted !== undefined && refused === undefined && problems.length === 0;
}

async function showHosts({ hub, out }: Session, selector: string): Promise<void> {
  const { fleet } = await hub();
  const hosts = await allPages(async (pageToken) => {
    const page = await fleet.listHosts({ pageSize: PAGE_SIZE, pageToken, selector });
    return { items: page.hosts, next: page.nextPageToken };
  });
  out.result(jsonOf(ListHostsResponse, { hosts, nextPageToken: '' }), () => hostsTable(hosts));
}

async function showHost({ hub, out }: Session, name: string): Promise<void> {
  const response = await (await hub()).fleet.getHost({ name });
  out.result(jsonOf(GetHostResponse, response), () => hostText(response, Date.now()));
}

async function showStacks({ hub, out }: Session): Promise<void> {
  const { fleet } = await hub();
  const stacks = await allPages(async (pageToken) => {
    const page = await fleet.listStacks({ pageSize: PAGE_SIZE, pageToken });
    return { items: page.stacks, next: page.nextPageToken };
  });
  out.result(jsonOf(ListStacksResponse, { stacks, nextPageToken: '' }), () => stacksTable(stacks));
}

async function showDrift(
  { hub, out, exit }: Session,
  wanted: { host: string; stack: string; exitCode: boolean },
): Promise<void> {
  const listing = await listDrift(await hub(), wanted);
  const json = jsonOf(ListDriftResponse, {
    ...listing,
    drift: [...listing.drift],
    unknownHosts: [...listing.unknownHosts],
    nextPageToken: '',
  });
  out.result(json, () => driftText(listing, Date.now()));
  if (wanted.exitCode && (listing.total > 0 || listing.unknownHosts.length > 0)) exit(EXIT.notWished);
}

async function listDrift({ fleet }: Hub, { host, stack }: { host: string; stack: string }): Promise<DriftListing> {
  let first: ListDriftResponse | undefined;
  const drift = await allPages(async (pageToken) => {
    const page = await fleet.listDrift({ host, stack, pageSize: PAGE_SIZE, pageToken });
    first ??= page;
    return { items: page.drift, next: page.nextPageToken };
  });
  return {
    drift,
    total: first?.total ?? 0,
    unknownHosts: first?.unknownHosts ?? [],
    cleanHosts: first?.cleanHosts ?? 0,
  };
}

async function showHistory({ hub, out }: Session, limit: number): Promise<void> {
  const response = await (await hub()).fleet.listRevisions({ pageSize: limit, pageToken: '' });
  out.result(jsonOf(ListRevisionsResponse, response), () => historyText(response.revisions, Date.now()));
}
