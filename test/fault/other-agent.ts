import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/tools.ts';

/** The agent as it ships, all in one file but for what its door loads it with. */
const PROGRAM = 'mooring-agent.mjs';

/** A copy of the built agent in that folder, changed as another release of it would differ, or as an installer left it. Returns what runs it. */
export function otherAgent(folder: string, change: (program: string) => string): string {
  const built = join(ROOT, 'agent');
  mkdirSync(join(folder, 'dist'), { recursive: true });
  cpSync(join(built, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(built, 'package.json'), join(folder, 'package.json'));
  cpSync(join(built, 'dist'), join(folder, 'dist'), { recursive: true, filter: (file) => !/\.(js|d\.ts)$/.test(file) });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'dist', PROGRAM);
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error('the other agent is the same one');
  writeFileSync(file, after);
  return join(folder, 'bin', 'mooring-agent.js');
}
