#!/usr/bin/env node
// The agent's budget on a host: a small heap that is collected often. V8 sizes its heap when it starts and never again, so this process begins anew.
const FLAGS = ['--max-old-space-size=64', '--max-semi-space-size=1'];
if (FLAGS.every((flag) => process.execArgv.includes(flag))) await import('../dist/mooring-agent.mjs');
else process.execve(process.execPath, [process.execPath, ...process.execArgv, ...FLAGS, ...process.argv.slice(1)]);
