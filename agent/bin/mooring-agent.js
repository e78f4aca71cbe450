#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// The agent's budget on a host: a small heap that is collected often.
setFlagsFromString('--max-old-space-size=64');
setFlagsFromString('--max-semi-space-size=1');
await import('../dist/mooring-agent.mjs');
