#!/usr/bin/env node
// Said before anything is loaded: what is loaded needs the newer one.
const WANTED_MAJOR = 24;
if (Number(process.versions.node.split('.')[0]) < WANTED_MAJOR) {
  process.stderr.write(
    `Cannot run mooring: this is Node.js ${process.versions.node}; ${WANTED_MAJOR} or later is wanted. In a checkout npx finds it: npx mooring\n`,
  );
  process.exit(1);
}

// A hub runs for months, its commands for moments: only it gets a budget. V8 and the C library take it when they start and never again, so the process
// begins anew under the same id. Collecting stays concurrent and the old heap may grow: a large fleet must not stop its hub.
const FLAGS = ['--max-semi-space-size=2', '--v8-pool-size=1'];
const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };

const isHub = process.argv.includes('hub');
if (!isHub || FLAGS.every((flag) => process.execArgv.includes(flag))) await import('../dist/mooring.mjs');
else {
  const args = [process.execPath, ...process.execArgv, ...FLAGS, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, ...ENVIRONMENT });
}
