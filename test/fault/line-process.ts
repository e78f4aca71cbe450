/** A line in a network namespace of its own: told over IPC what to do, and answers with what was done. Usage: line-process.ts LISTEN-PORT HOST PORT SEED */
import type { LineCounts, LineFault } from './tcp-lane.ts';
import { TcpProxy } from './tcp-proxy.ts';

/** What a line is told; each is answered with its counts. */
export type ToLine =
  | { readonly id: number; readonly kind: 'counts' | 'cut' }
  | { readonly id: number; readonly kind: 'set'; readonly fault: LineFault };

/** The answer; number 0 says that it listens. */
export interface FromLine {
  readonly id: number;
  readonly counts: LineCounts;
}

const [listenPort = '', host = '', port = '', seed = ''] = process.argv.slice(2);
const proxy = await TcpProxy.start({
  listen: { host: '0.0.0.0', port: Number(listenPort) },
  target: { host, port: Number(port) },
  seed: Number(seed),
});

const answer = (id: number) => process.send?.({ id, counts: proxy.counts } satisfies FromLine);
// Only the parent writes here.
process.on('message', (told: ToLine) => {
  if (told.kind === 'set') proxy.set(told.fault);
  if (told.kind === 'cut') proxy.cut();
  answer(told.id);
});
process.on('disconnect', () => process.exit());
answer(0);
