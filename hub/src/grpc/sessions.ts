import type { ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { MooringError } from '@mooring/proto';
import { HANDSHAKE_MS, PING_BURST, PINGS_PER_SECOND } from './limits.ts';
import { TokenBuckets } from './token-bucket.ts';

/**
 * Watches HTTP/2 itself, where grpc-js sets no limit: a connection must begin to speak within 5 s and may not flood the hub with PINGs. Call
 * once the server has its listeners. grpc-js hides its HTTP/2 servers; the version is pinned, and a test fails when they move.
 */
export function watchSessions(server: Server): void {
  const hidden = server['http2Servers'];
  if (hidden.size === 0)
    throw new MooringError(
      'INTERNAL',
      'Cannot watch connections: grpc-js has no HTTP/2 server; its listeners are wanted first',
    );
  for (const http2Server of hidden.keys()) {
    http2Server.on('session', (session: ServerHttp2Session) => {
      const pings = new TokenBuckets({ burst: PING_BURST, perSecond: PINGS_PER_SECOND });
      const silent = setTimeout(() => session.destroy(), HANDSHAKE_MS);
      session.once('remoteSettings', () => clearTimeout(silent));
      session.once('close', () => clearTimeout(silent));
      session.on('ping', () => {
        if (!pings.take('', performance.now())) session.destroy();
      });
    });
  }
}
