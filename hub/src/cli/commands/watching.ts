import { Event, GetBundleResponse, RevisionVerdict, WatchRevisionResponse } from '@mooring/proto';
import type { Command } from 'commander';
import { EXIT } from '../exit-code.ts';
import { jsonOf } from '../message-json.ts';
import { formatJson } from '../output.ts';
import { startSpinner } from '../progress.ts';
import type { Session } from '../session.ts';
import { escapeControls } from '../table.ts';
import { eventLine } from '../views/events.ts';
import { renderProblemLines } from '../views/states.ts';
import { duration, limitOption, positiveInteger } from './values.ts';

/** Commands that wait or show one thing: events, wait, bundle. */
export function addWatchingCommands(program: Command, session: Session): void {
  program
    .command('events')
    .description('what happened, oldest first')
    .option('-f, --follow', 'keep showing what comes')
    .option('-n, --limit <count>', 'how many of the newest', positiveInteger, limitOption)
    .option('--host <host>', 'only this host', '')
    .option('--stack <stack>', 'only this stack', '')
    .action((options: EventOptions) => showEvents(session, options));
  program
    .command('wait')
    .description('wait until every host of a revision runs it, Synced and Healthy')
    .option('--revision <commit>', 'at least 7 digits; default: the newest accepted one', '')
    .option('--timeout <duration>', 'how long', duration, 300_000)
    .action((options: { revision: string; timeout: number }) => wait(session, options));
  program
    .command('bundle')
    .description('a bundle that the hub published')
    .argument('<digest>', 'its digest, or at least 12 digits of it')
    .action((digest: string) => showBundle(session, digest));
}

interface EventOptions {
  readonly follow?: true;
  readonly limit: number;
  readonly host: string;
  readonly stack: string;
}

async function showEvents({ hub, out }: Session, options: EventOptions): Promise<void> {
  const { fleet } = await hub();
  const { host, stack } = options;
  const { events } = await fleet.listEvents({ host, stack, severity: 0, pageSize: options.limit, pageToken: '' });
  const oldestFirst = [...events].reverse();
  for (const event of oldestFirst) out.item(jsonOf(Event, event), () => eventLine(event));
  if (options.follow !== true) return;
  const afterCursor = oldestFirst.at(-1)?.cursor ?? 0n;
  for await (const { event } of fleet.watchEvents({ afterCursor, host, stack })) {
    if (event !== undefined) out.item(jsonOf(Event, event), () => eventLine(event));
  }
}

async function wait(
  { hub, out, exit, interactive }: Session,
  options: { revision: string; timeout: number },
): Promise<void> {
  const { fleet } = await hub();
  const spinner = interactive ? await startSpinner() : undefined;
  let last: WatchRevisionResponse | undefined;
  try {
    const progress = fleet.watchRevision(
      { revision: options.revision },
      { signal: AbortSignal.timeout(options.timeout) },
    );
    for await (const response of progress) {
      last = response;
      if (spinner !== undefined) spinner.text = progressLine(response);
      else out.note(progressLine(response));
      if (response.finished) break;
    }
  } catch (error) {
    // The time that the caller gave is over: that is an answer, and any other end is an error.
    if (!(error instanceof Error && 'code' in error && error.code === 'TIMED_OUT')) throw error;
  } finally {
    spinner?.stop();
  }
  const reached =
    last?.finished === true &&
    last.revision?.verdict === RevisionVerdict.REVISION_VERDICT_ACCEPTED &&
    last.done === last.total;
  out.result(last === undefined ? { finished: false } : jsonOf(WatchRevisionResponse, last), () =>
    verdictText(last, reached),
  );
  if (!reached) exit(EXIT.notWished);
}

function progressLine(response: WatchRevisionResponse): string {
  if (response.revision === undefined) return 'The hub has not seen the revision yet';
  const waiting = response.waiting.length === 0 ? '' : `, waiting for ${response.waiting.slice(0, 5).join(', ')}`;
  const failed = response.failed.length === 0 ? '' : `, failed on ${response.failed.slice(0, 5).join(', ')}`;
  return `${response.done}/${response.total} hosts run ${response.revision.commit.slice(0, 12)}${waiting}${failed}`;
}

function verdictText(last: WatchRevisionResponse | undefined, reached: boolean): string {
  if (last?.revision === undefined) return 'The hub has not seen the revision.';
  if (reached) return `Every host runs ${last.revision.commit.slice(0, 12)}: ${last.done}/${last.total}.`;
  if (last.revision.verdict === RevisionVerdict.REVISION_VERDICT_REFUSED) {
    return ['The revision was refused:', ...last.revision.problems.map((problem) => renderProblemLines(problem))].join(
      '\n',
    );
  }
  return `Not reached in time: ${escapeControls(progressLine(last))}.`;
}

async function showBundle({ hub, out }: Session, digest: string): Promise<void> {
  const response = await (await hub()).fleet.getBundle({ digest });
  const json = GetBundleResponse.toJSON(response);
  out.result(json, () => formatJson(json, 2));
}
