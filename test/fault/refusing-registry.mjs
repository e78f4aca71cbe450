// A registry that refuses: an image below /401/, /403/, /404/ or /429/ is answered with that status, in the words of the distribution specification.
// What is asked for it prints, one line each: Unix milliseconds and status. Usage: refusing-registry.mjs HOST PORT SECONDS-TO-WAIT
import { createServer } from 'node:http';

const [host, port, seconds] = process.argv.slice(2);
const REFUSALS = {
  401: { code: 'UNAUTHORIZED', message: 'authentication required' },
  403: { code: 'DENIED', message: 'requested access to the resource is denied' },
  404: { code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' },
  // Engines keep the header to themselves: registries that want to be heard say it in the message as well.
  429: { code: 'TOOMANYREQUESTS', message: `retry-after: ${seconds}s, allowed: 1/minute` },
};

createServer(({ url }, answer) => {
  const status = Number(/^\/v2\/(\d{3})\//.exec(url ?? '')?.[1] ?? 200);
  process.stdout.write(`${Date.now()} ${status}\n`);
  const refusal = REFUSALS[status];
  const wait = status === 429 ? { 'Retry-After': String(seconds) } : {};
  answer.writeHead(status, {
    'Content-Type': 'application/json',
    'Docker-Distribution-Api-Version': 'registry/2.0',
    ...wait,
  });
  answer.end(JSON.stringify(refusal === undefined ? {} : { errors: [{ ...refusal, detail: null }] }));
}).listen(Number(port), host, () => process.stdout.write('ready\n'));
