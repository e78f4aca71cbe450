import { HostState, StackState } from '@mooring/proto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextReport, type ReportContent, type Snapshot, type Told } from './report-delta.ts';

const stack = (name: string, reason = '') => StackState.fromPartial({ stack: name, reason });
const snapshot = (stacks: readonly StackState[], host: Partial<HostState> = {}): Snapshot => {
  return { host: HostState.fromPartial(host), stacks };
};
const told = (of: Snapshot): Told | undefined => nextReport(of, undefined)?.told;

describe('a report', () => {
  test('is full at first, also of a host that runs nothing', () => {
    expect(nextReport(snapshot([]), undefined)?.content).toEqual({
      full: true,
      host: HostState.create(),
      stacks: [],
      goneStacks: [],
    });
  });

  test('is none when the hub knows everything, and a newer look saw the same', () => {
    const before = snapshot([stack('shop')], { observedAtMs: 5n });
    expect(nextReport(snapshot([stack('shop')], { observedAtMs: 9n }), told(before))).toBeUndefined();
  });

  test('names the stacks that changed, came and went, and the host only when it changed', () => {
    const before = snapshot([stack('shop'), stack('blog'), stack('wiki')]);
    const now = snapshot([stack('shop', 'late'), stack('blog'), stack('mail')]);
    expect(nextReport(now, told(before))?.content).toEqual({
      full: false,
      host: undefined,
      stacks: [stack('shop', 'late'), stack('mail')],
      goneStacks: ['wiki'],
    });
    const host = { unmanagedCount: 3 };
    expect(nextReport(snapshot(before.stacks, host), told(before))?.content).toMatchObject({ host, stacks: [] });
  });

  test('that is too large goes in parts, of which only the first is full', () => {
    const large = snapshot(['a', 'b', 'c'].map((name) => stack(name, 'x'.repeat(300 * 1024))));
    const first = nextReport(large, undefined);
    const second = nextReport(large, first?.told);
    const third = nextReport(large, second?.told);
    expect([first, second, third].map((part) => [part?.content.full, part?.content.stacks.length])).toEqual([
      [true, 1],
      [false, 1],
      [false, 1],
    ]);
    expect(nextReport(large, third?.told)).toBeUndefined();
  });

  test('brings the hub to the snapshot from whatever it knew, in parts that it takes one after the other', async () => {
    const stacks = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('', 'x', 'y')), {
      selector: ([name]) => name,
    });
    const one = fc.record({ stacks, unmanagedCount: fc.nat(2) });
    await fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), (snapshots) => {
        const hub = { host: HostState.create(), stacks: new Map<string, StackState>() };
        let known: Told | undefined;
        for (const { stacks: wanted, unmanagedCount } of snapshots) {
          const now = snapshot(
            wanted.map(([name, reason]) => stack(name, reason)),
            { unmanagedCount },
          );
          for (let part = nextReport(now, known); part !== undefined; part = nextReport(now, known)) {
            take(hub, part.content);
            known = part.told;
          }
          expect(hub.host).toEqual(now.host);
          expect(new Map(now.stacks.map((state) => [state.stack, state]))).toEqual(hub.stacks);
        }
      }),
    );
  });
});

/** What a hub does with a report. */
function take(hub: { host: HostState; stacks: Map<string, StackState> }, content: ReportContent): void {
  if (content.full) hub.stacks.clear();
  if (content.host !== undefined) hub.host = content.host;
  for (const state of content.stacks) hub.stacks.set(state.stack, state);
  for (const name of content.goneStacks) hub.stacks.delete(name);
}
