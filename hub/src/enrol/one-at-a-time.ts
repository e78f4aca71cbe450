/** Runs works one after the other, in the order of the calls; one that fails does not hold up the next. */
export function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const run = last.then(work, work);
    // Whoever asked gets the failure; here only the end of it matters.
    last = run.catch(() => undefined);
    return run;
  };
}
