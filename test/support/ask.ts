import { join } from 'node:path';
import { run } from './run.ts';

/** What a page says, asked from inside a network namespace; rejects when it does not answer with 200. */
export function ask(namespace: string, url: string): Promise<string> {
  return run('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, join(import.meta.dirname, 'ask.mjs'), url]);
}
