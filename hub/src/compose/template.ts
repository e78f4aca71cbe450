/** One piece of a value: text as it is, or a variable and what may stand in for it. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string; readonly rule: VariableRule | undefined };

/** What follows the name in `${NAME:-operand}`. */
interface VariableRule {
  /** `-` default, `?` required, `+` replacement. */
  readonly operator: '-' | '?' | '+';
  /** With a colon an empty value counts as unset. */
  readonly emptyIsUnset: boolean;
  readonly operand: readonly TemplatePart[];
}

/** What is wrong with a template. */
export class TemplateError extends Error {}

/** Levels of `${A:-${B:-c}}`: nobody can read more, and each costs stack. */
const MAX_NESTING = 20;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /(:?)([-?+])/y;

/**
 * Parses `$V ${V} ${V:-d} ${V-d} ${V:?e} ${V?e} ${V:+r} ${V+r}`, nested, and `$$` (Compose specification, "Interpolation"), in time that grows
 * with the length of the text. Throws TemplateError.
 */
export function parseTemplate(text: string): readonly TemplatePart[] {
  return new TemplateParser(text).parts(0);
}

class TemplateParser {
  readonly #text: string;
  #next = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Parts up to the end or, inside of braces, up to the brace that closes them, which is left unread. */
  parts(nesting: number): readonly TemplatePart[] {
    const parts: TemplatePart[] = [];
    const end = nesting > 0 ? /[$}]/g : /\$/g;
    while (this.#next < this.#text.length) {
      end.lastIndex = this.#next;
      const found = end.exec(this.#text)?.index ?? this.#text.length;
      if (found > this.#next) parts.push({ kind: 'text', text: this.#text.slice(this.#next, found) });
      this.#next = found;
      if (this.#text[found] !== '$') break;
      parts.push(this.#dollar(nesting));
    }
    return parts;
  }

  #dollar(nesting: number): TemplatePart {
    this.#next += 1;
    const following = this.#text[this.#next];
    if (following === '$') {
      this.#next += 1;
      return { kind: 'text', text: '$' };
    }
    if (following === '{') return this.#braced(nesting + 1);
    const name = this.#match(NAME)?.[0];
    // Docker compose lets a dollar sign stand for itself where no name follows: shell scripts are full of them.
    return name === undefined ? { kind: 'text', text: '$' } : { kind: 'variable', name, rule: undefined };
  }

  #braced(nesting: number): TemplatePart {
    if (nesting > MAX_NESTING) throw new TemplateError(`variables stand more than ${MAX_NESTING} deep in each other`);
    this.#next += 1;
    const name = this.#match(NAME)?.[0];
    if (name === undefined) throw new TemplateError('"${" is followed by no name');
    const rule = this.#rule(name, nesting);
    if (this.#text[this.#next] !== '}') throw new TemplateError(`"\${${name}" is not closed`);
    this.#next += 1;
    return { kind: 'variable', name, rule };
  }

  #rule(name: string, nesting: number): VariableRule | undefined {
    const [found, colon, operator] = this.#match(OPERATOR) ?? [];
    if (found === undefined) {
      if (this.#next >= this.#text.length || this.#text[this.#next] === '}') return undefined;
      throw new TemplateError(`"\${${name}" is followed by neither "}" nor an operator`);
    }
    return {
      operator: operator === '-' || operator === '?' ? operator : '+',
      emptyIsUnset: colon === ':',
      operand: this.parts(nesting),
    };
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#next;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#next += found[0].length;
    return found;
  }
}

/** A required variable that is missing. Its message is the author's own. */
export class VariableMissing extends Error {
  readonly variable: string;

  constructor(variable: string, message: string) {
    super(message);
    this.variable = variable;
  }
}

/** Where values come from, and who hears of a variable that is unset and has no default. */
export interface TemplateValues {
  readonly get: (name: string) => string | undefined;
  readonly unset: (name: string) => void;
}

/** What a template stands for. Asks only for variables that matter to the result. Throws VariableMissing. */
export function evaluateTemplate(parts: readonly TemplatePart[], values: TemplateValues): string {
  return parts.map((part) => (part.kind === 'text' ? part.text : evaluateVariable(part, values))).join('');
}

function evaluateVariable({ name, rule }: Extract<TemplatePart, { kind: 'variable' }>, values: TemplateValues): string {
  const value = values.get(name);
  if (rule === undefined) {
    if (value === undefined) values.unset(name);
    return value ?? '';
  }
  const isSet = value !== undefined && !(rule.emptyIsUnset && value === '');
  switch (rule.operator) {
    case '+':
      return isSet ? evaluateTemplate(rule.operand, values) : '';
    case '-':
      return isSet ? value : evaluateTemplate(rule.operand, values);
    case '?':
      if (isSet) return value;
      throw new VariableMissing(name, evaluateTemplate(rule.operand, values));
  }
}
