import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PLACES } from './places.ts';

/** Makes the example's fleet repository, unless it exists: from then on it is the reader's to edit. */
export function ensureRepository(port: number): void {
  if (existsSync(join(PLACES.repository, '.git'))) return;
  cpSync(PLACES.example, PLACES.repository, { recursive: true });
  const file = join(PLACES.repository, 'fleet.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('@PORT@', String(port)));
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Mooring demo');
  git('config', 'user.email', 'demo@localhost');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'Moor the first stack');
}

/** The port that the example answers on. */
export function publishedPort(): number {
  const text = readFileSync(join(PLACES.repository, 'fleet.yaml'), 'utf8');
  return Number(/PORT:\s*"?(\d+)/.exec(text)?.[1] ?? 0);
}

function git(...args: string[]): void {
  execFileSync('git', ['-C', PLACES.repository, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}
