import { MooringError } from '@mooring/proto';
import type { VariableSource } from './repository.ts';
import type { Position, YamlNode } from './yaml-node.ts';

/** What interpolation needs beside the text. */
export interface Interpolation {
  readonly variables: VariableSource;
  /** Called for each variable that is unset and has no default. */
  readonly unset: (name: string, at: Position) => void;
}

/** Replaces variables in every value of the tree, never in keys. What came out of a variable is text, whatever it looks like. */
export function interpolateNode(node: YamlNode, interpolation: Interpolation): YamlNode {
  switch (node.kind) {
    case 'scalar': {
      if (!node.text.includes('$')) return node;
      return { ...node, text: interpolate(node.text, node.at, interpolation), plain: false };
    }
    case 'sequence':
      return { ...node, items: node.items.map((item) => interpolateNode(item, interpolation)) };
    case 'mapping':
      return {
        ...node,
        entries: node.entries.map((entry) => ({ ...entry, value: interpolateNode(entry.value, interpolation) })),
      };
  }
}

/**
 * Replaces `$V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+r} ${V+r}`, nested, and `$$` (Compose specification, "Interpolation"). Throws
 * COMPOSE_VAR_UNDEFINED for a required variable and COMPOSE_VAR_SYNTAX.
 */
export function interpolate(text: string, at: Position, interpolation: Interpolation): string {
  return new Template(text, at, interpolation).expand();
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-?+]/y;

class Template {
  readonly #text: string;
  readonly #at: Position;
  readonly #interpolation: Interpolation;
  #next = 0;

  constructor(text: string, at: Position, interpolation: Interpolation) {
    this.#text = text;
    this.#at = at;
    this.#interpolation = interpolation;
  }

  expand(): string {
    let result = '';
    while (this.#next < this.#text.length) result += this.#piece();
    return result;
  }

  #piece(): string {
    const dollar = this.#text.indexOf('$', this.#next);
    if (dollar !== this.#next) return this.#take(dollar === -1 ? this.#text.length : dollar);
    this.#next += 1;
    const following = this.#text[this.#next];
    if (following === '$') return this.#take(this.#next + 1);
    if (following === '{') return this.#braced();
    const name = this.#match(NAME);
    if (name === undefined) throw this.#syntax('"$" is followed by no name');
    return this.#value(name) ?? this.#missing(name);
  }

  #braced(): string {
    this.#next += 1;
    const name = this.#match(NAME);
    if (name === undefined) throw this.#syntax('"${" is followed by no name');
    const value = this.#value(name);
    if (this.#text[this.#next] === '}') {
      this.#next += 1;
      return value ?? this.#missing(name);
    }
    const operator = this.#match(OPERATOR);
    if (operator === undefined) throw this.#syntax(`"\${${name}" is followed by neither "}" nor an operator`);
    const argument = this.#argument();
    const present = value !== undefined && !(operator.startsWith(':') && value === '');
    switch (operator.at(-1)) {
      case '-':
        return present ? value : this.#nested(argument);
      case '+':
        return present ? this.#nested(argument) : '';
      default:
        if (present) return value;
        throw this.#required(name, this.#nested(argument));
    }
  }

  /** Text up to the brace that closes this variable; braces of nested ones are skipped. */
  #argument(): string {
    const start = this.#next;
    let depth = 1;
    for (; this.#next < this.#text.length; this.#next += 1) {
      if (this.#text.startsWith('${', this.#next)) depth += 1;
      if (this.#text[this.#next] === '}') depth -= 1;
      if (depth === 0) {
        this.#next += 1;
        return this.#text.slice(start, this.#next - 1);
      }
    }
    throw this.#syntax('"${" is not closed');
  }

  #nested(text: string): string {
    return text.includes('$') ? interpolate(text, this.#at, this.#interpolation) : text;
  }

  #value(name: string): string | undefined {
    return this.#interpolation.variables.get(name);
  }

  #missing(name: string): string {
    this.#interpolation.unset(name, this.#at);
    return '';
  }

  #take(end: number): string {
    const taken = this.#text.slice(this.#next, end);
    this.#next = end;
    return taken;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#next;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#next += found.length;
    return found;
  }

  #required(name: string, message: string): MooringError {
    const why = message === '' ? 'it is required' : message;
    return new MooringError('COMPOSE_VAR_UNDEFINED', `Cannot use variable ${name}: ${why}; a value is wanted`, {
      place: this.#at,
      hint: `Set ${name} under vars: in fleet.yaml, or in the stack's .env.`,
    });
  }

  #syntax(what: string): MooringError {
    return new MooringError(
      'COMPOSE_VAR_SYNTAX',
      `Cannot read a variable: ${what}; \${NAME} or \${NAME:-default} is wanted`,
      {
        place: this.#at,
        hint: 'Write $$ for a dollar sign.',
      },
    );
  }
}
