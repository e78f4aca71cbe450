import type { Command } from 'commander';
import { DEFAULT_DATA } from '../../config.ts';
import { VERSION } from '../../version.ts';
import { withProgress } from '../progress.ts';
import type { Session } from '../session.ts';

/** Commands that keep a hub and bring it back: backup, restore. They work on its folder, whether it runs or not. */
export function addKeepingCommands(program: Command, session: Session): void {
  program
    .command('backup')
    .description('write what only this hub has into one file, and read it again; the hub may run')
    .argument('<file>', 'file that is written; must not exist')
    .option('--data <dir>', 'folder of the fleet', DEFAULT_DATA)
    .action((file: string, { data }: { data: string }) => backup(session, file, data));
  program
    .command('restore')
    .description('make the folder of a hub from a backup and the keys of its fleet')
    .argument('<file>', 'a file of `mooring backup`')
    .requiredOption('--keys <dir>', 'the folder keys/ of the hub, which is in no backup')
    .option('--data <dir>', 'folder that is made; must not exist, or be empty', DEFAULT_DATA)
    .action((file: string, options: RestoreFlags) => restore(session, file, options));
}

interface RestoreFlags {
  readonly keys: string;
  readonly data: string;
}

async function backup(session: Session, target: string, data: string): Promise<void> {
  const { makeBackup } = await import('../../backup/make-backup.ts');
  const made = await withProgress(session, 'Writing and reading the backup', () =>
    makeBackup({ data, target, hubVersion: VERSION, nowMs: Date.now() }),
  );
  const { fleetId, madeAtMs, keys, cannotBeRebuilt } = made.manifest;
  session.out.result({ file: made.file, bytes: made.bytes, fleetId, madeAtMs, keys, cannotBeRebuilt }, () =>
    [
      `${made.file} is written and verified: ${made.bytes} bytes.`,
      'It has what neither Git nor the agents bring back:',
      ...cannotBeRebuilt.map((line) => `- ${line}`),
      `It has no key. A restore needs keys/ of this hub: ${keys.map(({ name }) => name).join(', ')}.`,
    ].join('\n'),
  );
}

async function restore(session: Session, file: string, { keys, data }: RestoreFlags): Promise<void> {
  const { restoreBackup } = await import('../../backup/restore-backup.ts');
  const { fleetId, madeAtMs } = await withProgress(session, 'Reading the backup', () =>
    restoreBackup({ file, keys, data, nowMs: Date.now() }),
  );
  session.out.result({ fleetId, madeAtMs, data }, () =>
    [
      `Fleet ${fleetId} is restored in ${data}, as it was at ${new Date(madeAtMs).toISOString()}.`,
      'What was revoked since must be revoked again; open invitations have ended.',
      'Hosts that are further keep what they run, until the next commit or: mooring approve --take-over',
      `Next: mooring hub --data ${data} --repo URL|PATH`,
    ].join('\n'),
  );
}
