import { MooringError } from '@mooring/proto';
import { evaluateTemplate, parseTemplate, TemplateError, VariableMissing } from './template.ts';

const ASSIGNMENT = /(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*/y;
const BARE_NAME = /(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*(?=\r?\n|$)/y;
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
  const values = new Map<string, string>();
  readEnvFile(text, { file: '.env', values, lookUp: () => undefined });
  return Object.fromEntries(values);
}

/** What reading one of several files asks and fills. */
export interface EnvFileReading {
  /** Name of the file in messages. */
  readonly file: string;
  /** Variables of the files before; those of this one are added to it. */
  readonly values: Map<string, string>;
  /** What wins over variables of the files, and what a name alone takes. */
  readonly lookUp: (name: string) => string | undefined;
}

/** The same for `env_file`: a name alone takes the value from elsewhere. Returns how many characters the values have. */
export function readEnvFile(text: string, reading: EnvFileReading): number {
  return new EnvFile(text.replace(/^\uFEFF/, ''), reading).read();
}

/** Characters of the values of one file, once variables are filled in: a value must not be multiplied without end. */
const MAX_VALUES_LENGTH = 4 * 1024 * 1024;

class EnvFile {
  readonly #text: string;
  readonly #reading: EnvFileReading;
  #next = 0;
  #length = 0;

  constructor(text: string, reading: EnvFileReading) {
    this.#text = text;
    this.#reading = reading;
  }

  read(): number {
    while (this.#skipBlank()) {
      const start = this.#next;
      const bare = this.#match(BARE_NAME)?.[1];
      const name = bare ?? this.#match(ASSIGNMENT)?.[1];
      if (name === undefined) throw this.#syntax('a line is neither NAME=value nor a comment', start);
      const value = bare === undefined ? this.#value(start) : this.#reading.lookUp(bare);
      if (value !== undefined) this.#set(name, value, start);
    }
    return this.#length;
  }

  #set(name: string, value: string, start: number): void {
    this.#length += value.length;
    if (this.#length > MAX_VALUES_LENGTH)
      throw new MooringError(
        'RENDER_TOO_LARGE',
        `Cannot read ${this.#reading.file}: its values have more than ${MAX_VALUES_LENGTH} characters once variables are filled in; fewer are wanted`,
        { place: this.#place(start) },
      );
    this.#reading.values.set(name, value);
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
        get: (name) => this.#reading.lookUp(name) ?? this.#reading.values.get(name),
        unset: () => undefined,
      });
    } catch (error) {
      if (error instanceof TemplateError)
        throw this.#syntax(error.message, start, 'Write $$ for a dollar sign, or use single quotes.');
      if (!(error instanceof VariableMissing)) throw error;
      const why = error.message === '' ? 'it is required' : error.message;
      throw new MooringError(
        'COMPOSE_VAR_UNDEFINED',
        `Cannot read ${this.#reading.file}: the variable ${error.variable} is not set: ${why}; a value before this line is wanted`,
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
    return { file: this.#reading.file, line: this.#text.slice(0, offset).split('\n').length, column: 1 };
  }

  #syntax(what: string, offset: number, hint?: string): MooringError {
    return new MooringError('COMPOSE_VAR_SYNTAX', `Cannot read ${this.#reading.file}: ${what}; NAME=value is wanted`, {
      place: this.#place(offset),
      hint,
    });
  }
}
