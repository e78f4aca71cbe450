import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Settings that make native git the same on every machine. */
const ENVIRONMENT = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

/** A real repository in a folder of its own, made by native git. */
export class TestRepository {
  readonly folder = mkdtempSync(join(tmpdir(), 'mooring-git-'));

  constructor(...options: string[]) {
    this.git('init', '-q', '-b', 'main', ...options);
    this.git('config', 'uploadpack.allowFilter', 'true');
  }

  git(...args: string[]): string {
    return this.gitWith({ args });
  }

  gitWith({ args, input }: { args: string[]; input?: string | Uint8Array }): string {
    return execFileSync('git', args, {
      cwd: this.folder,
      env: ENVIRONMENT,
      encoding: 'utf8',
      input,
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    }).trim();
  }

  write(path: string, content: string | Uint8Array): this {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), content);
    return this;
  }

  /** Commits everything and returns the commit's name. */
  commit(message = 'change'): string {
    this.git('add', '-A');
    this.gitWith({ args: ['commit', '-q', '--allow-empty', '-F', '-'], input: message });
    return this.head();
  }

  head(): string {
    return this.git('rev-parse', 'HEAD');
  }

  /** Makes a commit of a tree that is written entry by entry, as a hostile client can. */
  commitTree(entries: string): string {
    const tree = this.gitWith({ args: ['mktree', '--missing'], input: entries });
    const commit = this.git('commit-tree', '-m', 'crafted', '-p', 'HEAD', tree);
    this.git('update-ref', 'refs/heads/main', commit);
    return commit;
  }

  /** Stores an object as it is, whatever git itself thinks of it. */
  object(type: 'blob' | 'tree', content: string | Uint8Array): string {
    return this.gitWith({ args: ['hash-object', '-w', '--literally', '-t', type, '--stdin'], input: content });
  }

  /** Makes a commit on top of HEAD in which a path is this entry: `<mode> <type> <object>`. The object need not exist. */
  graft(path: string, entry: string): string {
    const names = path.split('/');
    let grown = entry;
    for (let depth = names.length - 1; depth > 0; depth -= 1) {
      const tree = this.withEntry(names.slice(0, depth).join('/'), names[depth] ?? '', grown);
      grown = `040000 tree ${tree}`;
    }
    const root = this.withEntry('', names[0] ?? '', grown);
    const commit = this.git('commit-tree', '-m', 'crafted', '-p', 'HEAD', root);
    this.git('update-ref', 'refs/heads/main', commit);
    return commit;
  }

  private withEntry(folder: string, name: string, entry: string): string {
    const others = this.git('ls-tree', `HEAD:${folder}`)
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith(`\t${name}`));
    return this.gitWith({ args: ['mktree', '--missing'], input: `${[...others, `${entry}\t${name}`].join('\n')}\n` });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
