import { readFileSync } from 'node:fs';
import { startBenchAgent } from './bench-agent.ts';
import { desiredOf, fromText } from './bench-desired.ts';

// A bench's agent in a process of its own: node bench-process.ts FOLDER SOCKET BUNDLES. It settles, or makes one pass where BENCH_PASSES is 1, and prints what it told.
const [data = '', socket = '', bundles = ''] = process.argv.slice(2);
const events: string[] = [];
const agent = await startBenchAgent(data, { socket, events });
const desired = desiredOf(fromText(readFileSync(bundles, 'utf8')));
await (process.env['BENCH_PASSES'] === '1' ? agent.pass(desired) : agent.settle(desired));
await agent.close();
process.stdout.write(`${events.join('\n')}\n`);
