#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// Said before anything is loaded: what is loaded needs the newer one.
const WANTED_MAJOR = 24;
if (Number(process.versions.node.split('.')[0]) < WANTED_MAJOR) {
  process.stderr.write(
    `Cannot run mooring-agent: this is Node.js ${process.versions.node}; ${WANTED_MAJOR} or later is wanted. In a checkout npx finds it: npx mooring-agent\n`,
  );
  process.exit(1);
}
// The agent's budget on a host: a small heap that is collected often.
setFlagsFromString('--max-old-space-size=64');
setFlagsFromString('--max-semi-space-size=1');
await import('../dist/mooring-agent.mjs');
