import { connectHub } from '../grpc/client.ts';
import type { Context } from './context.ts';
import type { Hub } from './session.ts';

/** Connects to the hub of a context. */
export async function connectContext(context: Context): Promise<Hub & { close(): void }> {
  if ('socket' in context) return connectHub({ socketPath: context.socket });
  const { address, ca, certificate, key } = context;
  return connectHub({ address, ca, cert: certificate, key });
}
