import { statSync } from 'node:fs';
import {
  DiffResponse,
  HostPlan,
  MooringError,
  type PlanRequest,
  type RenderProblem,
  Revision,
  RevisionVerdict,
} from '@mooring/proto';
import { type Command, InvalidArgumentError } from 'commander';
import { EXIT } from '../exit-code.ts';
import { withProgress } from '../progress.ts';
import type { Hub, Session } from '../session.ts';
import { escapeControls } from '../table.ts';
import { diffText } from '../views/diff.ts';
import { explainText } from '../views/explain.ts';
import { planText, wouldChange } from '../views/plan.ts';
import { renderProblemLines, revisionLine } from '../views/states.ts';
import { repeated } from './values.ts';
import { type Narrowing, renderWorkingCopy } from './working-copy.ts';

// Rendering may have to clone; each host then has seconds, many at a time.
const PLAN_DEADLINE_MS = 600_000;
// Two renderings, each of which may have to clone.
const DIFF_DEADLINE_MS = 300_000;

/** Commands that look ahead, and into one service: plan, diff, explain. */
export function addPlanningCommands(program: Command, session: Session): void {
  program
    .command('plan')
    .description('what every host would do for a revision, or for a working copy that is not pushed; changes nothing')
    .argument(
      '[ref|dir]',
      'commit, branch or folder; default: this folder if it has a fleet.yaml, else what is accepted',
    )
    .option('--host <host>', 'only this host; may be repeated', repeated, [])
    .option('-l, --selector <selector>', 'only hosts with these labels', '')
    .option('--exit-code', 'end with 3 when something would change, or a host is not planned')
    .action((subject: string | undefined, options: PlanOptions) => plan(session, subject, options));
  program
    .command('diff')
    .description('what two revisions render to, field by field')
    .argument('<from>', 'commit or branch')
    .argument('<to>', 'commit or branch')
    .option('--exit-code', 'end with 3 when they differ')
    .action((from: string, to: string, options: { exitCode?: true }) => diff(session, { from, to }, options));
  program
    .command('explain')
    .description('why a service is as it is: desired, observed and the verdict')
    .argument('<host/stack/service>', 'the service', serviceTarget)
    .action((target: ServiceTarget) => explain(session, target));
}

interface PlanOptions {
  readonly host: readonly string[];
  readonly selector: string;
  readonly exitCode?: true;
}

async function plan(session: Session, argument: string | undefined, options: PlanOptions): Promise<void> {
  const { fleet } = await session.hub();
  const narrowing = { hosts: options.host, selector: options.selector };
  const dir = folderOf(argument);
  const revision = { revision: argument ?? '', hosts: [...options.host], selector: options.selector };
  const asked = await withProgress(session, 'Asking the hosts', () =>
    dir === undefined
      ? ask(fleet, [{ part: { $case: 'revision', value: revision } }])
      : askForFolder(session, fleet, { dir, narrowing }),
  );
  if (asked.problems.length > 0) return refuse(session, asked);
  const { revision: planned, hosts } = asked;
  const subject = planned === undefined ? `Plan of folder ${dir}` : `Plan of ${revisionLine(planned)}`;
  const json = { ...revisionJson(planned), hosts: hosts.map((host) => HostPlan.toJSON(host)) };
  session.out.result(json, () => planText(subject, hosts, Date.now()));
  if (options.exitCode && wouldChange(hosts)) session.exit(EXIT.notWished);
}

/** The folder to plan; undefined: a revision is meant. */
function folderOf(argument: string | undefined): string | undefined {
  if (argument === undefined) return isThere('fleet.yaml', 'file') ? '.' : undefined;
  return isThere(argument, 'folder') ? argument : undefined;
}

function isThere(path: string, kind: 'file' | 'folder'): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return (kind === 'file' ? status?.isFile() : status?.isDirectory()) === true;
}

interface Asked {
  /** Undefined: a folder was planned. */
  readonly revision: Revision | undefined;
  readonly hosts: readonly HostPlan[];
  /** Why it does not render; empty: it does. */
  readonly problems: readonly RenderProblem[];
}

async function ask(fleet: Hub['fleet'], requests: readonly PlanRequest[]): Promise<Asked> {
  let revision: Revision | undefined;
  const hosts: HostPlan[] = [];
  for await (const { part } of fleet.plan(requests, { deadlineMs: PLAN_DEADLINE_MS })) {
    if (part?.$case === 'revision') revision = part.value;
    if (part?.$case === 'host') hosts.push(part.value);
  }
  const isRefused = revision?.verdict === RevisionVerdict.REVISION_VERDICT_REFUSED;
  return { revision, hosts, problems: isRefused ? (revision?.problems ?? []) : [] };
}

async function askForFolder(
  { out }: Session,
  fleet: Hub['fleet'],
  { dir, narrowing }: { dir: string; narrowing: Narrowing },
): Promise<Asked> {
  const copy = await renderWorkingCopy(fleet, dir, narrowing);
  if (copy.kind === 'refused') return { revision: undefined, hosts: [], problems: copy.problems };
  for (const warning of copy.warnings) out.note(problemText(warning));
  const isEmpty = copy.requests.every(({ part }) => part?.$case !== 'host');
  return isEmpty ? { revision: undefined, hosts: [], problems: [] } : await ask(fleet, copy.requests);
}

function refuse({ out, exit }: Session, { revision, problems }: Asked): void {
  out.result({ ok: false, ...revisionJson(revision), problems }, () =>
    [...problems.map(problemText), 'It does not render: nothing was planned.'].join('\n'),
  );
  exit(EXIT.error);
}

function revisionJson(revision: Revision | undefined) {
  return revision === undefined ? {} : { revision: Revision.toJSON(revision) };
}

function problemText(problem: RenderProblem): string {
  return renderProblemLines(problem).split('\n').map(escapeControls).join('\n');
}

async function diff(
  session: Session,
  revisions: { from: string; to: string },
  { exitCode }: { exitCode?: true },
): Promise<void> {
  const { fleet } = await session.hub();
  const differences = await withProgress(session, 'Rendering both', async () => {
    const all: DiffResponse[] = [];
    for await (const difference of fleet.diff(revisions, { deadlineMs: DIFF_DEADLINE_MS })) all.push(difference);
    return all;
  });
  const json = { differences: differences.map((difference) => DiffResponse.toJSON(difference)) };
  session.out.result(json, () => diffText(differences));
  if (exitCode && differences.length > 0) session.exit(EXIT.notWished);
}

interface ServiceTarget {
  readonly host: string;
  readonly stack: string;
  readonly service: string;
}

function serviceTarget(text: string): ServiceTarget {
  const [host = '', stack = '', service = '', ...more] = text.split('/');
  if (host === '' || stack === '' || service === '' || more.length > 0)
    throw new InvalidArgumentError('HOST/STACK/SERVICE is wanted, such as web-1/shop/app.');
  return { host, stack, service };
}

async function explain({ hub, out }: Session, target: ServiceTarget): Promise<void> {
  const { json } = await (await hub()).fleet.explain(target);
  const explanation = parsed(json);
  out.result(explanation, () => explainText(`${target.host}/${target.stack}/${target.service}`, explanation));
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const message = 'Cannot read the explanation: it is not JSON; a hub of this version is wanted';
    throw new MooringError('UPGRADE_REQUIRED', message, { cause });
  }
}
