import type { Session } from './session.ts';

/** Runs long work: a spinner on a terminal, a plain line elsewhere. Both go to stderr. */
export async function withProgress<T>({ interactive, out }: Session, text: string, work: () => Promise<T>): Promise<T> {
  if (!interactive) {
    out.note(`${text}.`);
    return await work();
  }
  // Loaded when it is needed: a hub that runs for months has no spinner.
  const { default: ora } = await import('ora');
  const spinner = ora({ text, stream: process.stderr }).start();
  try {
    return await work();
  } finally {
    spinner.stop();
  }
}
