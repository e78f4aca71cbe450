import { Drift, HostState, type Problem, StackState } from '@mooring/proto';
import { messageBytes } from '../message-bytes.ts';
import type { ReportWrite } from './store.ts';
import type { DriftRow, HostRow, ReportRows, StackRow } from './write.ts';

/** A report as rows: the host is the one that reported, whatever the messages say. */
export function toReportRows(report: ReportWrite): ReportRows {
  const { host, full, hostState, stacks, goneStacks, reportedAtMs } = report;
  return {
    host,
    full,
    hostRow: hostState === undefined ? undefined : toHostRow(hostState),
    stacks: stacks.map((state) => toStackRow(host, state)),
    goneStacks,
    reportedAtMs,
  };
}

function toHostRow(state: HostState): HostRow {
  return {
    acceptedGeneration: Number(state.acceptedGeneration),
    appliedGeneration: Number(state.appliedGeneration),
    refusal: sentence(state.refusal),
    problem: sentence(state.problem),
    body: messageBytes((to) => HostState.encode(state, to)),
  };
}

function toStackRow(host: string, state: StackState): StackRow {
  return {
    stack: state.stack,
    commit: state.commit,
    bundle: state.bundle,
    generation: Number(state.generation),
    sync: state.sync,
    health: state.health,
    reason: state.reason === '' ? sentence(state.problem) : state.reason,
    appliedAtMs: Number(state.appliedAtMs),
    lastHealthyBundle: state.lastHealthyBundle,
    body: messageBytes((to) => StackState.encode({ ...state, host, drift: [] }, to)),
    drift: state.drift.map((drift) => toDriftRow({ ...drift, host, stack: state.stack })),
  };
}

function toDriftRow(drift: Drift): DriftRow {
  const { service, replica, field, object, name, kind } = drift;
  return { service, replica, field, object, name, kind, body: messageBytes((to) => Drift.encode(drift, to)) };
}

function sentence(problem: Problem | undefined): string {
  return problem === undefined ? '' : `${problem.code}: ${problem.message}`;
}
