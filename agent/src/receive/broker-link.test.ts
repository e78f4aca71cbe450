import { digestOf, MooringError } from '@mooring/proto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { BrokerLink } from './broker-link.ts';

test('a broker that cannot be reached refuses what it is asked, and does not throw past whoever would ask the hub then', async () => {
  const link = new BrokerLink({
    connect: () =>
      Promise.reject(new MooringError('BROKER_UNREACHABLE', 'Cannot connect: it is not there; one is wanted')),
    urls: ['tls://127.0.0.1:1'],
    onPush: () => undefined,
    onReady: () => undefined,
    log: pino({ level: 'silent' }),
    nowMs: Date.now,
  });
  const asked = [() => link.assignment(), () => link.object(digestOf(Buffer.from('x')))];
  for (const ask of asked) {
    const answer = ask().catch((error: unknown) => error);
    expect(await answer).toMatchObject({ code: 'BROKER_UNREACHABLE' });
  }
  await link.close();
});
