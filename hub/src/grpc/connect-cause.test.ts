import { expect, test } from 'vitest';
import { connectCause } from './connect-cause.ts';

test.each([
  [
    'No connection established. Last error: Error: connect ENOENT /run/x.sock. Resolution note: ',
    'nothing is there (ENOENT)',
  ],
  [
    'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:7443. Resolution note: ',
    'nothing listens there (ECONNREFUSED)',
  ],
  [
    'No connection established. Last error: self-signed certificate in certificate chain. Resolution note: ',
    'self-signed certificate in certificate chain',
  ],
  [
    'Name resolution failed for target dns:hub.example:7443. getaddrinfo ENOTFOUND hub.example',
    'nobody knows that name (ENOTFOUND)',
  ],
  ['Connection dropped', 'Connection dropped'],
])('%s: %s', (details, cause) => expect(connectCause(details)).toBe(cause));
