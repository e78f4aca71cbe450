import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const IDENTITY = ['-c', 'user.name=Test Author', '-c', 'user.email=test@localhost'];

/** A fleet's repository: a working copy whose `.git` is what the hub follows. */
export class FleetRepository {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    this.git('init', '--quiet', '--initial-branch=main');
    this.git('config', 'http.receivepack', 'true');
  }

  /** Writes files (null removes one), commits everything, and returns the commit. */
  commit(message: string, files: Readonly<Record<string, string | null>>): string {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.path, name);
      if (content === null) {
        rmSync(path, { recursive: true });
        continue;
      }
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    this.git('add', '--all');
    this.git(...IDENTITY, 'commit', '--quiet', '--allow-empty', '--message', message);
    return this.head();
  }

  head(): string {
    return this.git('rev-parse', 'HEAD').trim();
  }

  git(...args: string[]): string {
    return execFileSync('git', ['-C', this.path, ...args], { encoding: 'utf8' });
  }
}
