#!/usr/bin/env node
// The agent's budget on a host: 80 MB resident with 50 containers and nothing to do. Of the compilers one is worth its memory: the middle one halves
// the processor time of a look at 200 containers and takes some 3 MB; the optimising one above it gains nothing more, and the baseline one below it
// saves nothing that is left. V8 and the C library take all this when they start and never again, so the process begins anew under the same id.
const FLAGS = [
  '--max-old-space-size=64',
  '--max-semi-space-size=1',
  '--heap-growing-percent=10',
  '--no-opt',
  '--no-sparkplug',
  '--optimize-for-size',
  '--single-threaded',
  '--v8-pool-size=1',
  '--expose-gc',
];
// What the engine answers comes in pieces of 64 KiB. Without these the C library keeps the room of most of them for ever (measured: 85 MB, with them 79).
const ENVIRONMENT = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '16384',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_TOP_PAD_: '0',
};

// Milliseconds between collections of the whole heap. Left alone V8 lets it grow by megabytes before it looks what of them is used. One of the last
// resort also drops compiled code that nothing runs and hands emptied pages back (measured over minutes: 83 MB without, 80 with the plain one, 76 so).
const COLLECTED_EVERY_MS = 60_000;

// Said before anything is loaded: what is loaded needs the newer one.
const WANTED_MAJOR = 24;
if (Number(process.versions.node.split('.')[0]) < WANTED_MAJOR) {
  process.stderr.write(
    `Cannot run mooring-agent: this is Node.js ${process.versions.node}; ${WANTED_MAJOR} or later is wanted. In a checkout npx finds it: npx mooring-agent\n`,
  );
  process.exit(1);
}

if (FLAGS.every((flag) => process.execArgv.includes(flag))) {
  setInterval(
    () => globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
    COLLECTED_EVERY_MS,
  ).unref();
  await import('../dist/mooring-agent.mjs');
} else {
  const args = [process.execPath, ...process.execArgv, ...FLAGS, ...process.argv.slice(1)];
  process.execve(process.execPath, args, { ...process.env, ...ENVIRONMENT });
}
