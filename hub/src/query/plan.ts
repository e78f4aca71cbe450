import {
  Bundle,
  HostPlan,
  MooringError,
  type PlannedHost,
  type PlannedRevision,
  type PlanRequest,
  type PlanResponse,
  type Revision,
  RevisionVerdict,
} from '@mooring/proto';
import { ABORTED, untilAborted } from '../grpc/until-aborted.ts';
import type { Rendering } from '../render/rendering.ts';
import { parseSelector, selects } from '../render/selector.ts';
import type { RevisionReading } from '../source/follow.ts';
import { askForPlan } from './ask-for-plan.ts';
import { collectPlan, type Wanted } from './collect-plan.ts';
import { inOrder } from './in-order.ts';
import type { QueryParts } from './parts.ts';
import { renderNamed } from './revision-rendering.ts';

/** Milliseconds for a question to be there whole. */
const COLLECT_MS = 60_000;
/** Hosts that are asked at the same time: what is in memory of their answers stays small. */
const MAX_ASKED = 32;
/** Milliseconds for all hosts together; those that were not asked by then are not planned. */
const ALL_HOSTS_MS = 300_000;

/** What every host would do. Nothing is stored, published or signed, and no host changes anything for it. */
export async function* planFleet(
  parts: QueryParts,
  requests: AsyncIterable<PlanRequest>,
  signal: AbortSignal,
): AsyncGenerator<PlanResponse, void, undefined> {
  const subject = await untilAborted(collectPlan(requests), AbortSignal.any([signal, AbortSignal.timeout(COLLECT_MS)]));
  if (subject === ABORTED) throw tooSlow();
  if (subject.kind === 'bundles') {
    for (const { host } of subject.hosts) checkHost(parts, host);
    yield* askAll(parts, subject, signal);
    return;
  }
  const reading = await renderNamed(parts, subject.revision.revision);
  yield { part: { $case: 'revision', value: revisionOf(reading) } };
  if (reading.outcome.kind === 'refused') return;
  yield* askAll(parts, wantedOf(parts, reading.outcome.rendering, subject.revision), signal);
}

async function* askAll(
  parts: QueryParts,
  { bundles, hosts }: Wanted,
  signal: AbortSignal,
): AsyncGenerator<PlanResponse, void, undefined> {
  const untilMs = performance.now() + ALL_HOSTS_MS;
  const plans = inOrder(hosts, MAX_ASKED, (host) =>
    signal.aborted || performance.now() > untilMs
      ? Promise.resolve(notAsked(host))
      : askForPlan(parts, host, { bundles, signal }),
  );
  for await (const value of plans) {
    if (signal.aborted) return;
    yield { part: { $case: 'host', value } };
  }
}

function wantedOf(parts: QueryParts, rendering: Rendering, { hosts: names, selector: text }: PlannedRevision): Wanted {
  for (const name of names) checkHost(parts, name);
  const only = new Set(names);
  const selector = parseSelector(text);
  const hosts = rendering.hosts
    .filter(({ host, labels }) => (only.size === 0 || only.has(host)) && selects(selector, labels))
    .map(
      ({ host, stacks, problems }): PlannedHost => ({
        host,
        stacks: stacks.map((stack) => ({ ...stack, ignore: [...stack.ignore] })),
        kept: [...problems],
      }),
    );
  const bundles = rendering.classes.map(
    ({ bundleDigest, bundle }) => [bundleDigest, Buffer.from(Bundle.encode(bundle).finish())] as const,
  );
  return { bundles: new Map(bundles), hosts };
}

function checkHost({ store }: QueryParts, name: string): void {
  const record = store.host(name);
  if (record !== undefined && record.revokedAtMs === 0) return;
  throw new MooringError(
    'NOT_FOUND',
    `Cannot plan for host ${name}: it is not in the fleet; a host that joined is wanted`,
    {
      hint: '`mooring hosts` lists the hosts.',
    },
  );
}

/** The commit as lists of revisions show one; nothing was decided on it here. */
function revisionOf({ info, outcome }: RevisionReading): Revision {
  const isRendered = outcome.kind === 'rendered';
  return {
    commit: info.commit,
    subject: info.subject,
    author: info.author,
    committedAtMs: BigInt(info.committedAtMs),
    decidedAtMs: 0n,
    verdict: isRendered ? RevisionVerdict.REVISION_VERDICT_ACCEPTED : RevisionVerdict.REVISION_VERDICT_REFUSED,
    problems: isRendered ? [] : [...outcome.problems],
    warnings: [...(isRendered ? outcome.rendering.warnings : outcome.warnings)],
    classesRendered: isRendered ? outcome.rendering.classesRendered : 0,
    objectsPublished: 0,
    assignmentsIssued: 0,
    toldBy: '',
  };
}

function notAsked({ host, kept }: PlannedHost): HostPlan {
  const message = `Cannot plan for host ${host}: ${ALL_HOSTS_MS} ms have passed for the hosts before; fewer hosts at a time are wanted`;
  const problem = { code: 'TIMED_OUT', message, hint: 'Narrow the plan with --host or --selector.', sinceMs: 0n };
  return { ...HostPlan.create({ host, problem }), kept };
}

function tooSlow(): MooringError {
  return new MooringError(
    'TIMED_OUT',
    `Cannot plan: the question was not whole within ${COLLECT_MS} ms; all of it is wanted`,
  );
}
