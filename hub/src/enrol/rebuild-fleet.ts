import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';
import type { Fleet } from './fleet.ts';
import { fleetPaths } from './fleet-paths.ts';
import { checkPlace, DOCUMENT_MODE } from './init-fleet.ts';
import { FOLDER_MODE, PUBLIC_MODE, SECRET_MODE, syncFolder, writeNewFile } from './key-files.ts';
import { openFleet } from './open-fleet.ts';

/** What a fleet is made again from. */
export interface KeptFleet {
  /** Folder that will hold it; must not exist, or be empty. */
  readonly data: string;
  /** The folder keys/ of the hub that is lost. */
  readonly keys: string;
  /** Where hosts reach the new hub; empty: where they reached the old one. */
  readonly addresses: readonly string[];
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/**
 * Makes a fleet's folder from its keys alone: id, authority and signing key stay, so that hosts take the new hub for theirs. All or nothing. Throws
 * FLEET_EXISTS, or STATE_CORRUPT, CERT_MISMATCH and FLEET_MISMATCH for keys that are not whole or not of one fleet.
 */
export async function rebuildFleet({ data: wanted, keys, addresses, clock }: KeptFleet): Promise<Fleet> {
  const data = resolve(wanted);
  checkPlace(data);
  const kept = keptFiles(resolve(keys));
  mkdirSync(dirname(data), { recursive: true });
  const draft = mkdtempSync(join(dirname(data), `.${basename(data)}.init-`));
  try {
    const paths = fleetPaths(draft);
    mkdirSync(paths.keys, { mode: FOLDER_MODE });
    for (const [name, content] of kept)
      writeNewFile(join(paths.keys, name), content, name.endsWith('.crt') ? PUBLIC_MODE : SECRET_MODE);
    writeNewFile(paths.fleet, withAddresses(readKept(kept, 'fleet.json', keys), addresses), DOCUMENT_MODE);
    writeNewFile(paths.trust, readKept(kept, 'trust.json', keys), DOCUMENT_MODE);
    syncFolder(paths.keys);
    await openFleet({ data: draft, clock });
    checkPlace(data);
    renameSync(draft, data);
    syncFolder(dirname(data));
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw error;
  }
  return openFleet({ data, clock });
}

function keptFiles(folder: string): ReadonlyMap<string, Buffer> {
  if (!existsSync(folder)) throw missing(folder, 'the folder is not there');
  return new Map(
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, readFileSync(join(folder, name))]),
  );
}

function readKept(kept: ReadonlyMap<string, Buffer>, name: string, folder: string): Buffer {
  const content = kept.get(name);
  if (content === undefined) throw missing(join(folder, name), `${name} is not among them`);
  return content;
}

/** The document as it was, with other addresses where some are given; `openFleet` checks it. */
function withAddresses(document: Buffer, addresses: readonly string[]): Buffer {
  if (addresses.length === 0) return document;
  const fields: unknown = JSON.parse(document.toString('utf8'));
  const changed = { ...(typeof fields === 'object' ? fields : {}), addresses };
  return Buffer.from(`${JSON.stringify(changed, null, 2)}\n`);
}

function missing(file: string, what: string): MooringError {
  return new MooringError(
    'STATE_CORRUPT',
    `Cannot make the fleet again: ${what}; the folder keys/ of the lost hub is wanted`,
    {
      place: { file },
      hint: 'Take the copy that was made of it; each start of a hub completes it.',
    },
  );
}
