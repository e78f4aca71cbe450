import { MooringError } from '@mooring/proto';

/** Waits for `work` at most so many milliseconds. Throws TIMED_OUT. */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(
      new MooringError(
        'TIMED_OUT',
        `Cannot finish in time: ${milliseconds} ms have passed; an answer by then is wanted`,
      ),
    );
  }, milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
