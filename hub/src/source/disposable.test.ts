import { describe, expect, it } from 'vitest';
import { runDisposable } from './disposable.ts';

const MODULE = new URL('./misbehaving.fake.ts', import.meta.url);
const LIMITS = { timeoutMs: 20_000, maxHeapMib: 64, maxResidentMib: 300 };

function run(
  task: string,
  changes: { timeoutMs?: number; signal?: AbortSignal; onMessage?: (message: unknown) => boolean } = {},
): Promise<void> {
  const { signal = new AbortController().signal, onMessage = () => true, timeoutMs = LIMITS.timeoutMs } = changes;
  return runDisposable({ module: MODULE, task, limits: { ...LIMITS, timeoutMs }, signal, onMessage });
}

describe('a disposable process', () => {
  it('sees nothing of the environment', async () => {
    process.env['MOORING_SECRET_OF_THE_TEST'] = 'x';
    let seen: unknown;
    await run('environment', {
      onMessage(message) {
        seen = message;
        return true;
      },
    });
    delete process.env['MOORING_SECRET_OF_THE_TEST'];
    expect(Object.keys(seen as object).filter((name) => !name.startsWith('NODE_CHANNEL'))).toEqual([]);
  });

  it.each([
    ['heap', 'it ran out of memory'],
    ['buffers', 'it used more than 300 MiB of memory'],
    ['exit', 'it exited with code 3'],
    ['abort', 'it was ended by SIGABRT'],
  ])('that fails (%s) costs only itself and says why', async (task, reason) => {
    await expect(run(task)).rejects.toMatchObject({
      code: 'SOURCE_CHILD_FAILED',
      message: expect.stringContaining(reason),
    });
  });

  it('is ended when it takes too long', async () => {
    await expect(run('spin', { timeoutMs: 300 })).rejects.toMatchObject({ code: 'SOURCE_TIMEOUT' });
  });

  it('is ended when it is no longer wanted', async () => {
    const reason = new Error('stopping');
    const controller = new AbortController();
    const running = run('spin', { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it('is ended when its message is refused', async () => {
    const refuse = (): boolean => {
      throw new Error('refused');
    };
    await expect(run('anything', { onMessage: refuse })).rejects.toThrow('refused');
  });
});
