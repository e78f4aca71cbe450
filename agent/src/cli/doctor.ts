import { existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';
import { certificateProblem } from '../join/certificate.ts';
import type { Identity } from '../join/identity.ts';
import { loadIdentity } from '../join/identity-folder.ts';
import { lockHolder } from '../keep/lock.ts';
import { openEngine } from '../observe/docker.ts';
import { connectBroker } from '../receive/nats.ts';
import { openHubLink } from '../report/hub-grpc.ts';
import type { Printable } from './print.ts';

/** Bytes that should be free where the agent keeps its state. */
const WANTED_FREE_BYTES = 64 * 1024 * 1024;

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string;
}

/** `mooring-agent doctor`: every thing that the agent needs, with the reason where it is not there. */
export async function doctor({
  data,
  docker,
}: {
  data: string;
  docker: string;
}): Promise<Printable & { readonly ok: boolean }> {
  const checks: Check[] = [];
  const identity: { value?: Identity } = {};
  checks.push(
    await check('identity', async () => {
      identity.value = loadIdentity(data);
      return `this host is ${identity.value.host} of fleet ${identity.value.fleetId}`;
    }),
  );
  const joined = identity.value;
  if (joined !== undefined) checks.push(...(await fleetChecks(joined)));
  checks.push(
    await check('engine', async () => {
      const { version, apiVersion } = await (await openEngine(docker)).describe();
      return `Docker ${version} answers (API ${apiVersion})`;
    }),
    await check('disk', async () => {
      // Before the join makes the folder, the disk that will hold it counts.
      const { bavail, bsize } = statfsSync(nearestFolder(resolve(data)));
      if (bavail * bsize < WANTED_FREE_BYTES)
        throw new MooringError(
          'DISK_FULL',
          `Cannot keep state: ${bavail * bsize} bytes are free in ${data}; ${WANTED_FREE_BYTES} are wanted`,
        );
      return `${Math.round((bavail * bsize) / WANTED_FREE_BYTES / 16)} GiB are free`;
    }),
  );
  const holder = lockHolder(data);
  checks.push({
    name: 'agent',
    ok: holder !== undefined,
    message: holder === undefined ? 'no agent runs here' : `the agent runs as process ${holder}`,
    hint: holder === undefined ? 'Run: mooring-agent run' : '',
  });
  const ok = checks.every((entry) => entry.ok);
  const text = checks
    .map(
      ({ ok: fine, name, message, hint }) =>
        `${fine ? 'ok   ' : 'WRONG'}  ${name.padEnd(12)} ${message}${hint === '' ? '' : `\n       ${hint}`}`,
    )
    .join('\n');
  return { ok, json: { ok, checks }, text };
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

async function fleetChecks(identity: Identity): Promise<Check[]> {
  const { host, nkeySeed, tls, natsUrls, hubAddresses, certificate } = identity;
  return [
    await check('certificate', async () => {
      const problem = certificateProblem(identity, Date.now());
      if (problem !== undefined) throw problem;
      return `it ends on ${new Date(certificate.endsAtMs).toISOString().slice(0, 10)}`;
    }),
    await check('hub', async () => {
      const [address = ''] = hubAddresses;
      const link = await openHubLink(address, tls);
      try {
        const { generation } = await link.fetchAssignment();
        return `${address} answers; its newest assignment for this host has generation ${generation}`;
      } finally {
        link.close();
      }
    }),
    await check('broker', async () => {
      const nothing = () => undefined;
      const connection = await connectBroker({
        urls: natsUrls,
        host,
        nkeySeed,
        caPem: tls.ca,
        onPush: nothing,
        onRefusal: nothing,
      });
      await connection.close();
      return `${natsUrls[0] ?? ''} lets this host in`;
    }),
  ];
}

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, message: await look(), hint: '' };
  } catch (error) {
    const message = error instanceof MooringError ? `${error.code}: ${error.message}` : String(error);
    return { name, ok: false, message, hint: error instanceof MooringError ? (error.hint ?? '') : '' };
  }
}
