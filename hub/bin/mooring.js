#!/usr/bin/env node
// Said before anything is loaded: what is loaded needs the newer one.
const WANTED_MAJOR = 24;
if (Number(process.versions.node.split('.')[0]) < WANTED_MAJOR) {
  process.stderr.write(
    `Cannot run mooring: this is Node.js ${process.versions.node}; ${WANTED_MAJOR} or later is wanted. In a checkout npx finds it: npx mooring\n`,
  );
  process.exit(1);
}
await import('../dist/mooring.mjs');
