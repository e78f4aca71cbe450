/** Marks that the signal came first. */
export const ABORTED = Symbol('aborted');

/** Who waits for each signal: one listener serves them all, for a stream waits for each of its messages. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Waits for `work`, or for the signal, whichever comes first. Leaves nobody waiting behind, however often one signal is waited for. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | typeof ABORTED> {
  if (signal.aborted) return Promise.race([work, Promise.resolve(ABORTED)] as const);
  const { promise, resolve, reject } = Promise.withResolvers<T | typeof ABORTED>();
  const waiters = waitersOf(signal);
  const abort = () => resolve(ABORTED);
  waiters.add(abort);
  work.then(
    (value) => {
      waiters.delete(abort);
      resolve(value);
    },
    (error: unknown) => {
      waiters.delete(abort);
      reject(error);
    },
  );
  return promise;
}

function waitersOf(signal: AbortSignal): Set<() => void> {
  const present = waiting.get(signal);
  if (present !== undefined) return present;
  const waiters = new Set<() => void>();
  waiting.set(signal, waiters);
  const wakeAll = () => {
    for (const wake of waiters) wake();
    waiters.clear();
  };
  signal.addEventListener('abort', wakeAll, { once: true });
  return waiters;
}
