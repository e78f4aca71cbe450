import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeEngine } from '../observe/engine.fake.ts';
import { inspectAtWork } from './inspect.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function silent() {
  const engine = new FakeEngine();
  engine.addImage('app:1', { Cmd: ['serve'] });
  const id = await engine.createContainer('web', { Image: 'app:1' });
  engine.silence('web');
  return { engine, id };
}

test('an answer that comes late is waited for', async () => {
  const { engine, id } = await silent();
  const inspecting = inspectAtWork(engine, id);
  await vi.advanceTimersByTimeAsync(12_000);
  engine.answer('web');
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await inspecting)?.name).toBe('web');
});

test('an answer that does not come is not waited for any longer', async () => {
  const { engine, id } = await silent();
  const inspecting = inspectAtWork(engine, id).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(16_000);
  expect(await inspecting).toMatchObject({ code: 'CONTAINER_UNKNOWN' });
});
