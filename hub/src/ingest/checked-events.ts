import { type Event, isStackName, MAX_EVENTS_PER_BATCH, Severity } from '@mooring/proto';
import { count, invalid, memberOr, name, sentence } from './checks.ts';

/** Events of a batch, in the order of their sequence and safe to store and show. Throws INVALID_ARGUMENT. */
export function checkedEvents(events: readonly Event[]): readonly Event[] {
  if (events.length > MAX_EVENTS_PER_BATCH) {
    throw invalid('events', `a batch has ${events.length}; at most ${MAX_EVENTS_PER_BATCH} are wanted`);
  }
  let previous = 0n;
  return events.map((event) => {
    const sequence = count(event.sequence, 'sequence of an event');
    if (sequence <= previous)
      throw invalid('events', `${sequence} follows ${previous}; growing sequences from 1 are wanted`);
    previous = sequence;
    return checkedEvent(event);
  });
}

function checkedEvent(event: Event): Event {
  return {
    ...event,
    atMs: count(event.atMs, 'time of an event'),
    kind: name(event.kind),
    severity: checkedSeverity(event.severity),
    stack: isStackName(event.stack) ? event.stack : '',
    service: name(event.service),
    object: name(event.object),
    message: sentence(event.message),
    code: name(event.code),
    generation: count(event.generation, 'generation of an event'),
    commit: name(event.commit),
    lostBefore: count(event.lostBefore, 'lost events'),
  };
}

/** What a later release thinks worth a severity of its own is worth a look. */
function checkedSeverity(severity: Severity): Severity {
  return severity === Severity.SEVERITY_UNSPECIFIED
    ? Severity.SEVERITY_INFO
    : memberOr(Severity, severity, { what: 'severity of an event', otherwise: Severity.SEVERITY_WARNING });
}
