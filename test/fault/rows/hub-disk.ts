import { closeSync, copyFileSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { eventually } from '../../support/eventually.ts';
import { sentAndStored } from '../outboxes.ts';
import { must, type Row } from '../row.ts';
import { SmallDisk } from '../small-disk.ts';
import { CALM, type Stage } from '../stage.ts';

const PAGE_BYTES = 4096;

async function full(stage: Stage) {
  const { fleet, web1 } = stage;
  await fleet.hub?.stop();
  const disk = await SmallDisk.under(fleet.data, { kind: 'tmpfs', mib: 64 });
  stage.after(async () => {
    await fleet.hub?.stop();
    await disk.close();
    await fleet.startHub();
  });
  await fleet.startHub();
  await stage.well();
  await disk.fill(0);
  must(disk.freeBytes === 0, `${disk.freeBytes} bytes are free`);
  await stage.heals(web1, CALM);
  // What it kept for that day is used up too.
  await eventually('it gives up its ballast', () => must(disk.freeBytes > 0, 'not yet'));
  await disk.fill(0);
  await stage.heals(web1, CALM);
  const said = await eventually('status and doctor say it', async () => {
    const doctor = await fleet.mooring('doctor');
    const line = doctor.stdout.split('\n').find((text) => /WRONG +store/.test(text));
    must(line !== undefined, doctor.stdout);
    must((await fleet.mooring('status')).stdout.includes('_FULL'), 'status does not say so');
    return line.trim();
  });
  must((await fleet.mooring('hosts')).code === 0, 'it does not answer');
  disk.empty();
  await stage.well();
  await eventually('nothing is lost', () => {
    const { missing } = sentAndStored(fleet, web1);
    must(missing.length === 0, `missing ${missing.join()}`);
  });
  await eventually('doctor is content', async () =>
    must(/ok +store/.test((await fleet.mooring('doctor')).stdout), 'not yet'),
  );
  await stage.arrived(stage.commit());
  return {
    injected: '0 bytes free, and again when the ballast was given up',
    observed: `answers; ${said.slice(0, 110)}; no event lost once there is room`,
  };
}

/** What the hub says when it is started on a database that was changed; the file must stay as it is, and the good one is put back. */
async function refused(stage: Stage, change: (file: string) => string, code: string) {
  const { fleet } = stage;
  const file = join(fleet.data, 'hub.db');
  const good = join(fleet.folder.path, 'hub.good');
  return await stage.untouched(async () => {
    await fleet.hub?.stop();
    copyFileSync(file, good);
    const injected = change(file);
    const before = statSync(file, { throwIfNoEntry: false });
    const said = await fleet.startHub().then(
      () => 'it started',
      () => fleet.hub?.output ?? '',
    );
    const after = statSync(file, { throwIfNoEntry: false });
    for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true });
    copyFileSync(good, file);
    await fleet.startHub();
    await stage.well();
    must(said.includes(code), `${code} is wanted: ${said.slice(-400)}`);
    must(before?.size === after?.size && before?.mtimeMs === after?.mtimeMs, 'the file was changed');
    return {
      injected,
      observed:
        said
          .trim()
          .split('\n')
          .find((line) => line.includes(code))
          ?.slice(0, 150) ?? '',
    };
  });
}

const corruptPage = (stage: Stage) =>
  refused(
    stage,
    (file) => {
      const pages = Math.floor(statSync(file).size / PAGE_BYTES);
      const descriptor = openSync(file, 'r+');
      for (let page = 1; page < pages; page += 2)
        writeSync(descriptor, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, page * PAGE_BYTES);
      closeSync(descriptor);
      return `every other of ${pages} pages overwritten`;
    },
    'DB_CORRUPT',
  );

const emptied = (stage: Stage) =>
  refused(
    stage,
    (file) => {
      truncateSync(file, 0);
      return '0 bytes';
    },
    'DB_EMPTY',
  );

const newer = (stage: Stage) =>
  refused(
    stage,
    (file) => {
      const database = new DatabaseSync(file);
      database.exec('PRAGMA user_version = 999');
      database.close();
      return 'user_version 999';
    },
    'DB_NEWER',
  );

export const HUB_DISK_ROWS: readonly Row[] = [
  { number: 59, part: 'hub', fault: 'its disk is full', run: full },
  { number: 60, part: 'hub', fault: 'database damaged', run: corruptPage },
  { number: 61, part: 'hub', fault: 'database empty', run: emptied },
  { number: 62, part: 'hub', fault: 'database of a newer hub', run: newer },
];
