import type { Context } from './context.ts';
import type { Hub } from './session.ts';

/** Connects to the hub of a context. */
export async function connectContext(context: Context): Promise<Hub & { close(): void }> {
  const { connectHub } = await import('../grpc/client.ts');
  if ('socket' in context) return connectHub({ socketPath: context.socket });
  const { address, ca, certificate, key } = context;
  return connectHub({ address, ca, cert: certificate, key });
}
