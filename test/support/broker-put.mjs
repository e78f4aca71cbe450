// usage: broker-put.mjs URL NKEY-SEED CA-FILE SUBJECT BASE64   publishes one message with the hub's own key
import { readFileSync } from 'node:fs';
import { connect, nkeyAuthenticator } from 'nats';

const [url, seed, ca, subject, content] = process.argv.slice(2);
const connection = await connect({
  servers: [url],
  authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
  tls: { ca: readFileSync(ca, 'utf8') },
  inboxPrefix: '_INBOX_hub',
  reconnect: false,
});
await connection.jetstream().publish(subject, Buffer.from(content, 'base64'));
await connection.close();
