import { MooringError } from '@mooring/proto';
import { loadIdentity, removeIdentity } from '../join/identity-folder.ts';
import { openKeep } from '../keep/open-keep.ts';
import { openEngine } from '../observe/docker.ts';
import { createReconciler } from '../reconciler.ts';
import { reconcilerParts } from '../reconciler-parts.ts';
import { openHubLink } from '../report/hub-grpc.ts';
import type { Printable } from './print.ts';

/** How to leave. */
interface LeaveOptions {
  readonly data: string;
  readonly docker: string;
  readonly keepContainers: boolean;
  readonly yes: boolean;
}

/** `mooring-agent leave`: tells the hub, removes what the agent made unless it is to stay, and ends the identity. The agent must not be running. */
export async function leave({ data, docker, keepContainers, yes }: LeaveOptions): Promise<Printable> {
  const identity = loadIdentity(data);
  await confirm(identity.host, yes);
  const keep = openKeep(data, { nowMs: Date.now });
  try {
    const [address = ''] = identity.hubAddresses;
    const link = await openHubLink(address, identity.tls);
    await link.leave().finally(() => link.close());
    if (!keepContainers) {
      // Nobody is left to tell, and nothing is put back where everything goes.
      const outside = {
        engine: await openEngine(docker),
        fleetId: identity.fleetId,
        tell: () => {},
        restoreContents: async () => {},
      };
      await createReconciler(reconcilerParts(keep, outside)).removeAll();
    }
  } finally {
    keep.close();
  }
  removeIdentity(data);
  const what = keepContainers
    ? 'What runs here keeps running.'
    : 'Its containers and networks are gone; volumes and data stay.';
  return { json: { left: identity.host }, text: `Host ${identity.host} has left fleet ${identity.fleetId}. ${what}` };
}

async function confirm(host: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (process.stdin.isTTY !== true) {
    throw new MooringError('USAGE', 'Cannot ask for consent: there is no terminal; -y or --yes is wanted', {
      hint: 'Repeat the command with -y.',
    });
  }
  // Loaded when it is needed: running pays nothing for it.
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The end of the input is an answer as well: nobody said yes.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
  const answer = await Promise.race([terminal.question(`Take host ${host} out of its fleet? [y/N] `), ended]);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new MooringError('USAGE', 'Cannot go on: consent was not given; y is wanted');
}
