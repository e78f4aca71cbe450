import type Docker from 'dockerode';

// Events that change nothing that is looked at: commands run for healthchecks.
const IGNORED = /"Action":"(?:exec_|top|attach|resize)/;

/** One item for each burst of lines of the engine's event stream; ends with the stream. */
export async function* readChanges(
  docker: Docker,
  label: string,
  signal: AbortSignal,
): AsyncGenerator<void, void, undefined> {
  const stream = await docker.getEvents({
    filters: { type: ['container', 'network', 'volume'], label: [label] },
    abortSignal: signal,
  });
  stream.setEncoding('utf8');
  let waiting = false;
  let ended = false;
  let wake = () => {};
  stream.on('data', (lines: string) => {
    if (lines.split('\n').every((line) => line === '' || IGNORED.test(line))) return;
    waiting = true;
    wake();
  });
  const finish = () => {
    ended = true;
    wake();
  };
  for (const end of ['end', 'close', 'error']) stream.once(end, finish);
  while (!ended) {
    if (!waiting) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
    }
    if (waiting) {
      waiting = false;
      yield;
    }
  }
}
