import { chmodSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { acceptedBy } from '../accepted.ts';
import { must, type Row } from '../row.ts';
import { CALM, type Stage } from '../stage.ts';

const COMMITS = 20;
const SAID_WITHIN_MS = 300_000;
const MIB = 1024 * 1024;

/** Until status says it: a child process that takes in what it must not has a minute for it, and on a busy machine needs it. */
async function said(stage: Stage, code: RegExp): Promise<string> {
  const look = async () => {
    const { stdout } = await stage.fleet.mooring('status');
    const line = stdout.split('\n').find((text) => code.test(text));
    must(line !== undefined, stdout);
    return line.trim().slice(0, 130);
  };
  return await eventually(`status says ${code}`, look, SAID_WITHIN_MS);
}

async function down(stage: Stage) {
  const { fleet } = stage;
  await fleet.git?.stop();
  stage.after(async () => {
    if (fleet.git?.running !== true) await fleet.startGit();
  });
  const commit = stage.commit();
  const line = await said(stage, /SOURCE_UNREACHABLE/);
  await stage.heals(stage.web1, CALM);
  await fleet.startGit();
  await stage.arrived(commit);
  return { injected: 'server stopped', observed: `${line}; healed meanwhile; followed again` };
}

async function hangs(stage: Stage) {
  const { fleet } = stage;
  fleet.git?.signal('SIGSTOP');
  stage.after(() => fleet.git?.signal('SIGCONT'));
  const commit = stage.commit();
  const line = await said(stage, /SOURCE_/);
  fleet.git?.signal('SIGCONT');
  await stage.arrived(commit);
  return { injected: 'server stopped in the middle (SIGSTOP)', observed: `${line}; followed once it goes on` };
}

/** The server breaks off in the middle of its pack: an object that it must send is cut. */
async function brokenPack(stage: Stage) {
  const { fleet } = stage;
  const commit = stage.commit();
  const object = fleet.repository.git('rev-parse', `${commit}:stacks/shop/compose.yaml`).trim();
  const file = join(fleet.repository.path, '.git', 'objects', object.slice(0, 2), object.slice(2));
  const content = fleet.repository.git('show', `${commit}:stacks/shop/compose.yaml`);
  chmodSync(file, 0o644);
  truncateSync(file, 10);
  stage.after(() => restore());
  const restore = () => {
    rmSync(file, { force: true });
    writeFileSync(join(fleet.repository.path, 'stacks', 'shop', 'compose.yaml'), content);
    fleet.repository.git('hash-object', '-w', 'stacks/shop/compose.yaml');
  };
  const line = await said(stage, /SOURCE_|GIT_/);
  await stage.heals(stage.web1, CALM);
  restore();
  await stage.arrived(commit);
  return {
    injected: 'an object of the newest commit cut to 10 bytes',
    observed: `${line}; the last good commit stays; taken once it is whole`,
  };
}

async function rewound(stage: Stage) {
  const { fleet } = stage;
  const good = stage.commit();
  await stage.arrived(good);
  await stage.untouched(async () => {
    fleet.repository.git('reset', '--quiet', '--hard', `${good}~1`);
    fleet.repository.commit('another history', {
      'stacks/shop/compose.yaml': null,
      'fleet.yaml': 'version: 1\nstacks: {}\n',
    });
    const line = await said(stage, /GIT_HISTORY_REWOUND/);
    must(line !== '', 'nothing is said');
  });
  fleet.repository.git('reset', '--quiet', '--hard', good);
  await stage.arrived(stage.commit());
  return {
    injected: 'history rewound to one without stacks',
    observed: 'GIT_HISTORY_REWOUND, nothing removed; followed once it descends again',
  };
}

async function storm(stage: Stage) {
  const { web1 } = stage;
  const before = acceptedBy(web1).length;
  const count = () => acceptedBy(web1).length - before;
  let commit = '';
  for (let number = 0; number < COMMITS; number += 1) commit = stage.commit();
  await stage.arrived(commit);
  must(count() > 0 && count() < COMMITS / 2, `${count()} assignments accepted`);
  return { injected: `${COMMITS} commits at once`, observed: `${count()} assignments accepted, the newest runs` };
}

async function hugeObject(stage: Stage) {
  const { fleet } = stage;
  const path = 'stacks/shop/huge.txt';
  const pid = fleet.hub?.pid;
  const good = fleet.repository.head();
  writeFileSync(join(fleet.repository.path, path), Buffer.alloc(300 * MIB));
  stage.commit({ more: 'configs: [huge]' });
  const compose = fleet.repository.git('show', 'HEAD:stacks/shop/compose.yaml');
  fleet.repository.commit('huge', {
    'stacks/shop/compose.yaml': `${compose}configs: { huge: { file: ./huge.txt } }\n`,
  });
  const line = await said(stage, /SOURCE_CHILD_FAILED|SOURCE_TOO_LARGE/);
  const history = await fleet.mooring('history', '-n', '3');
  must(/refused/.test(history.stdout), history.stdout);
  must(fleet.hub?.running === true && fleet.hub.pid === pid, 'the hub died of it');
  // As long as it is in the history since the accepted commit, it must be fetched with whatever comes on top.
  fleet.repository.git('reset', '--quiet', '--hard', good);
  await stage.arrived(stage.commit());
  return {
    injected: 'a file of 300 MiB of zeros',
    observed: `${line}; the hub lives; the next commit without it arrives`,
  };
}

async function cloneDamaged(stage: Stage) {
  const { fleet } = stage;
  const clones = readdirSync(fleet.data, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /clone-[^/]*$/.test(name),
  );
  must(clones.length > 0, 'there is no clone');
  for (const clone of clones) rmSync(join(fleet.data, clone, 'objects'), { recursive: true });
  await stage.arrived(stage.commit());
  return { injected: `objects of ${clones.length} clone removed`, observed: 'cloned anew, the next commit arrives' };
}

export const GIT_ROWS: readonly Row[] = [
  { number: 71, part: 'git', fault: 'server down', run: down },
  { number: 72, part: 'git', fault: 'server hangs', run: hangs },
  { number: 73, part: 'git', fault: 'server breaks off', run: brokenPack },
  { number: 74, part: 'git', fault: 'history rewound', run: rewound },
  { number: 75, part: 'git', fault: 'storm of commits', run: storm },
  { number: 76, part: 'git', fault: 'an object that inflates', run: hugeObject },
  { number: 77, part: 'git', fault: "the hub's clone is damaged", run: cloneDamaged },
];
