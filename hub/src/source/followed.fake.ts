import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RenderProblem } from '@mooring/proto';
import { expect } from 'vitest';
import { type Candidate, followSource, type Source } from './follow.ts';
import { TestRepository } from './repository.fake.ts';

/** Milliseconds: polls come only when they are asked for. */
export const NEVER_MS = 3_600_000;
/** A fleet of one stack. */
export const FLEET = 'version: 1\nstacks: { shop: { hosts: role=web } }\n';
/** The stack's file, which mounts a folder. */
export const SHOP_FILE = 'stacks/shop/compose.yaml';
/** The folder that it mounts. */
export const WWW = 'stacks/shop/www';
/** What it holds. */
export const SHOP = 'services: { web: { image: "web:1", volumes: ["./www:/www:ro"] } }\n';

/** Stacks of one commit: no more problems than that are told of one. */
export const BATCH = 18;

/** A repository that is followed as a hub does it, each commit read in a process of its own. */
export class Followed {
  readonly repository = new TestRepository();
  readonly source: Source;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mooring-bad-input-'));
  readonly #objects = new Set<string>();
  #last: Candidate | undefined;
  #serial = 0;

  constructor() {
    this.repository
      .write('fleet.yaml', FLEET)
      .write(SHOP_FILE, SHOP)
      .write(`${WWW}/index.html`, 'hello\n')
      .commit('first');
    this.source = followSource({
      repo: this.repository.folder,
      branch: 'main',
      dataDir: this.#folder,
      pollMs: NEVER_MS,
      inventory: () => [{ name: 'web-1', labels: { role: 'web' } }],
      hasObject: (digest) => this.#objects.has(digest),
      decide: (candidate) => {
        this.#last = candidate;
        if (candidate.outcome.kind === 'refused') return Promise.resolve('refused');
        for (const object of candidate.outcome.rendering.objects) this.#objects.add(object.plainDigest);
        return Promise.resolve('accepted');
      },
    });
  }

  /** Why the newest commit is refused. */
  async refused(): Promise<readonly RenderProblem[]> {
    expect(await this.source.sync()).toMatchObject({ commit: this.repository.head(), verdict: 'refused' });
    const outcome = this.#last?.outcome;
    return outcome?.kind === 'refused' ? outcome.problems : [];
  }

  /** Why the newest commit is refused; the next one is good, and must be accepted. */
  async refusedOnce(): Promise<readonly RenderProblem[]> {
    try {
      return await this.refused();
    } finally {
      this.mend();
      await this.accepted();
    }
  }

  /** The rendering of the newest commit. */
  async accepted() {
    expect(await this.source.sync()).toMatchObject({ commit: this.repository.head(), verdict: 'accepted' });
    const outcome = this.#last?.outcome;
    if (outcome?.kind !== 'rendered' || this.#last === undefined) throw new Error('it was not rendered');
    return { ...outcome.rendering, subject: this.#last.subject };
  }

  /** Puts a good commit on top, of which all is new. */
  private mend(): void {
    this.#serial += 1;
    // The work tree was never touched by what was grafted.
    const shop = SHOP.replace('web:1', `web:1.${this.#serial}`);
    this.repository.write('fleet.yaml', FLEET).write(SHOP_FILE, shop).commit('good again');
  }

  async close(): Promise<void> {
    await this.source.close();
    this.repository.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What one problem comes to: code, file:line:column as far as it is known. */
export function summary({ code, file, line, column }: RenderProblem): string {
  return [code, [file, line, column].filter((part) => part !== 0 && part !== '').join(':')].join(' ').trim();
}

/** Every refusal says what it is, and what to do. */
export function expectHints(problems: readonly RenderProblem[]): void {
  for (const { hint, message } of problems) {
    expect(hint, message).toMatch(/^[A-Z].{8,}/);
    expect(message).toMatch(/^Cannot /);
  }
}
