import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FleetRepository } from '../support/fleet-repository.ts';

const MAX_OUTPUT_BYTES = 1 << 26;

/** A repository whose objects are written one by one, as a hostile client can. */
export class HostileRepository extends FleetRepository {
  /** Stores an object as it is, whatever git itself thinks of it, and returns its name. */
  object(type: 'blob' | 'tree', content: string | Uint8Array): string {
    return this.#feed(content, 'hash-object', '-w', '--literally', '-t', type, '--stdin');
  }

  /** Stores a commit as it is written, and returns its name. */
  commitObject(content: string): string {
    return this.#feed(content, 'hash-object', '-w', '--literally', '-t', 'commit', '--stdin');
  }

  /** An entry with a file of that content. */
  blob(content: string | Uint8Array): string {
    return `100644 blob ${this.object('blob', content)}`;
  }

  /** An entry with a folder that git itself would not make. */
  tree(entries: readonly (readonly [name: string, object: string, mode?: string])[]): string {
    const bytes = entries.map(([name, object, mode = '100644']) =>
      Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(object, 'hex')]),
    );
    return `040000 tree ${this.object('tree', Buffer.concat(bytes))}`;
  }

  /** A folder of small files with these names. */
  holding(...names: string[]): string {
    const content = this.object('blob', 'x');
    return this.tree(names.map((name) => [name, content]));
  }

  /** Overwrites a stored object with other bytes. */
  damage(object: string, bytes: Uint8Array): void {
    const file = join(this.path, '.git', 'objects', object.slice(0, 2), object.slice(2));
    rmSync(file);
    writeFileSync(file, bytes);
  }

  /** Makes a commit on top of HEAD in which a path is this entry: `<mode> <type> <object>`. The object need not exist. */
  graft(path: string, entry: string): void {
    const names = path.split('/');
    let grown = entry;
    for (let depth = names.length - 1; depth > 0; depth -= 1) {
      const tree = this.#withEntry(names.slice(0, depth).join('/'), names[depth] ?? '', grown);
      grown = `040000 tree ${tree}`;
    }
    const root = this.#withEntry('', names[0] ?? '', grown);
    const identity = ['-c', 'user.name=Test Author', '-c', 'user.email=test@localhost'];
    const commit = this.git(...identity, 'commit-tree', '-m', 'crafted', '-p', 'HEAD', root).trim();
    this.git('update-ref', 'refs/heads/main', commit);
  }

  #withEntry(folder: string, name: string, entry: string): string {
    const others = this.git('ls-tree', `HEAD:${folder}`)
      .split('\n')
      .filter((line) => line !== '' && !line.endsWith(`\t${name}`));
    return this.#feed(`${[...others, `${entry}\t${name}`].join('\n')}\n`, 'mktree', '--missing');
  }

  #feed(input: string | Uint8Array, ...args: string[]): string {
    const options = { input, encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES } as const;
    return execFileSync('git', ['-C', this.path, ...args], options).trim();
  }
}
