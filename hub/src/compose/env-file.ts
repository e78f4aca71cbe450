import { MooringError } from '@mooring/proto';
import { evaluateTemplate, parseTemplate, TemplateError, VariableMissing } from './template.ts';

const ASSIGNMENT = /(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*/y;
const BARE_NAME = /(?:export[ \t]+)?[A-Za-z_][A-Za-z0-9_.-]*[ \t]*(?=\r?\n|$)/y;
const BLANK = /\s+/y;
const REST_OF_LINE = /[^\n]*/y;
/** What may follow a value that stands in quotes. */
const AFTER_QUOTE = /[ \t\r]*(?:#[^\n]*)?(?=\n|$)/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', "'": "'", '\\': '\\' };

/**
 * Variables of a `.env` file in docker compose's grammar (compose-go, dotenv): `NAME=value`, `NAME: value`, `export NAME=value`, comments, single
 * quotes taken literally, double quotes with escapes, both over several lines. Outside of single quotes `${NAME}` stands for a variable of the
 * same file that came before. A name alone sets nothing. Throws COMPOSE_VAR_SYNTAX and COMPOSE_VAR_UNDEFINED with the line.
 */
export function parseEnvFile(text: string): Readonly<Record<string, string>> {
  return new EnvFile(text.replace(/^\uFEFF/, '')).read();
}

class EnvFile {
  readonly #text: string;
  readonly #values = new Map<string, string>();
  #next = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Readonly<Record<string, string>> {
    while (this.#skipBlank()) {
      const start = this.#next;
      if (this.#match(BARE_NAME) !== undefined) continue;
      const name = this.#match(ASSIGNMENT)?.[1];
      if (name === undefined) throw this.#syntax('a line is neither NAME=value nor a comment', start);
      this.#values.set(name, this.#value(start));
    }
    return Object.fromEntries(this.#values);
  }

  /** Goes on to the next line that says something; false at the end. */
  #skipBlank(): boolean {
    this.#match(BLANK);
    while (this.#text[this.#next] === '#') {
      this.#match(REST_OF_LINE);
      this.#match(BLANK);
    }
    return this.#next < this.#text.length;
  }

  #value(start: number): string {
    const quote = this.#text[this.#next];
    if (quote !== "'" && quote !== '"') return this.#filled(this.#unquoted(), start);
    const quoted = this.#quoted(quote);
    if (quoted === undefined) throw this.#syntax('a quote is not closed', start);
    if (this.#match(AFTER_QUOTE) === undefined) throw this.#syntax('something follows a closing quote', start);
    if (quote === "'") return quoted.replaceAll("\\'", "'");
    // A dollar sign that is escaped is none of a variable's.
    const template = quoted.replace(/\\(.)/gs, (whole, character: string) =>
      character === '$' ? '$$' : (ESCAPES[character] ?? whole),
    );
    return this.#filled(template, start);
  }

  /** What stands between two quotes, escapes still in it; undefined where the second is missing. */
  #quoted(quote: string): string | undefined {
    const start = this.#next + 1;
    for (let at = start; at < this.#text.length; at += 1) {
      if (this.#text[at] === '\\') at += 1;
      else if (this.#text[at] === quote) {
        this.#next = at + 1;
        return this.#text.slice(start, at);
      }
    }
    return undefined;
  }

  #unquoted(): string {
    const line = this.#match(REST_OF_LINE)?.[0] ?? '';
    return (line.startsWith('#') ? '' : line.replace(/[ \t]#.*$/s, '')).trim();
  }

  #filled(template: string, start: number): string {
    if (!template.includes('$')) return template;
    try {
      return evaluateTemplate(parseTemplate(template), {
        get: (name) => this.#values.get(name),
        unset: () => undefined,
      });
    } catch (error) {
      if (error instanceof TemplateError)
        throw this.#syntax(error.message, start, 'Write $$ for a dollar sign, or use single quotes.');
      if (!(error instanceof VariableMissing)) throw error;
      const why = error.message === '' ? 'it is required' : error.message;
      throw new MooringError(
        'COMPOSE_VAR_UNDEFINED',
        `Cannot read .env: the variable ${error.variable} is not set: ${why}; a value before this line is wanted`,
        { place: this.#place(start), cause: error },
      );
    }
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#next;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#next += found[0].length;
    return found;
  }

  #place(offset: number) {
    return { file: '.env', line: this.#text.slice(0, offset).split('\n').length, column: 1 };
  }

  #syntax(what: string, offset: number, hint?: string): MooringError {
    return new MooringError('COMPOSE_VAR_SYNTAX', `Cannot read .env: ${what}; NAME=value is wanted`, {
      place: this.#place(offset),
      hint,
    });
  }
}
