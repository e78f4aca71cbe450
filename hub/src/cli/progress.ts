import type { Ora } from 'ora';
import type { Session } from './session.ts';

/** Runs long work: a spinner on a terminal, a plain line elsewhere. Both go to stderr. */
export async function withProgress<T>({ interactive, out }: Session, text: string, work: () => Promise<T>): Promise<T> {
  if (!interactive) {
    out.note(`${text}.`);
    return await work();
  }
  const spinner = await startSpinner(text);
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}

/** Starts a spinner on the terminal. Loaded when it is needed: a hub that runs for months has none. */
export async function startSpinner(text = ''): Promise<Ora> {
  const { default: ora } = await import('ora');
  return ora({ text, stream: process.stderr }).start();
}
