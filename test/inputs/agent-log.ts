import { existsSync, readFileSync } from 'node:fs';
import { eventually } from '../support/eventually.ts';

interface LogLine {
  readonly msg: string;
  readonly code?: string;
  readonly reason?: string;
}

/** What the agent says of the messages that reach it. */
export class AgentLog {
  readonly #file: string;
  #offset = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Only what is said from now on counts. */
  mark(): void {
    this.#offset = this.#text().length;
  }

  refusal(): Promise<string> {
    return eventually('the agent refuses it', () => this.#find((line) => line.msg.includes('refused')));
  }

  acceptance(): Promise<string> {
    return eventually('the agent accepts it', () => this.#find((line) => line.msg === 'assignment accepted'));
  }

  outcome(): Promise<string> {
    return eventually('the agent decides on it', () =>
      this.#find((line) => line.msg === 'assignment accepted' || line.msg.includes('refused')),
    );
  }

  #find(wanted: (line: LogLine) => boolean): string {
    const lines = this.#text()
      .slice(this.#offset)
      .split('\n')
      .filter((line) => line.startsWith('{'));
    const found = lines.map((line): LogLine => JSON.parse(line)).find(wanted);
    if (found === undefined) throw new Error('it says nothing of it');
    return found.msg === 'assignment accepted' ? 'accepted' : `${found.code}: ${found.reason}`;
  }

  #text(): string {
    return existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '';
  }
}
