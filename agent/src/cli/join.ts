import { readFileSync } from 'node:fs';
import { joinFleet } from '../join/join-fleet.ts';
import { VERSION } from '../version.ts';
import type { Printable } from './print.ts';

/** `mooring-agent join`. */
export async function join(data: string, text: string, replace: boolean): Promise<Printable> {
  const joinString = (text === '-' ? readFileSync(0, 'utf8') : text).trim();
  const { fleetId, host, certificate } = await joinFleet({ joinString, data, agentVersion: VERSION, replace });
  const ends = new Date(certificate.endsAtMs).toISOString().slice(0, 10);
  return {
    json: { fleetId, host, certificateEndsAtMs: certificate.endsAtMs },
    text: [
      `This host is ${host} of fleet ${fleetId}; its certificate ends on ${ends} and is renewed by itself.`,
      'Next: mooring-agent run',
    ].join('\n'),
  };
}
