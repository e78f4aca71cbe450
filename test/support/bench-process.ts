import { readFileSync } from 'node:fs';
import { startBenchAgent } from './bench-agent.ts';
import { desiredOf, fromText } from './bench-desired.ts';

// A bench's agent in a process of its own: node bench-process.ts FOLDER SOCKET BUNDLES. It settles and prints what it told.
const [data = '', socket = '', bundles = ''] = process.argv.slice(2);
const events: string[] = [];
const agent = await startBenchAgent(data, { socket, events });
await agent.settle(desiredOf(fromText(readFileSync(bundles, 'utf8'))));
await agent.close();
process.stdout.write(`${events.join('\n')}\n`);
