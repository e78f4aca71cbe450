import { MooringError } from '@mooring/proto';

const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]/;
const COMMENT_OR_EMPTY = /^\s*(?:#.*)?$/;
const BARE_NAME = /^\s*(?:export\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*$/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

/**
 * Variables of a `.env` file in docker compose's grammar: `NAME=value`, `export NAME=value`, comments, single quotes taken literally, double quotes
 * with escapes, both over several lines. Values stand for themselves; a name alone sets nothing. Throws COMPOSE_VAR_SYNTAX with the line.
 */
export function parseEnvFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (COMMENT_OR_EMPTY.test(line) || BARE_NAME.test(line)) continue;
    const [head, name] = ASSIGNMENT.exec(line) ?? [];
    if (head === undefined || name === undefined) throw syntax(index, 'a line is neither NAME=value nor a comment');
    const rest = line.slice(head.length).trimStart();
    const quote = rest[0];
    if (quote !== '"' && quote !== "'") {
      values[name] = rest.replace(/\s+#.*$/, '').trim();
      continue;
    }
    const quoted = readQuoted(lines, index, quote);
    values[name] = quoted.value;
    index = quoted.lastLine;
  }
  return values;
}

function readQuoted(lines: readonly string[], first: number, quote: '"' | "'"): { value: string; lastLine: number } {
  const start = (lines[first] ?? '').indexOf(quote);
  let text = (lines[first] ?? '').slice(start + 1);
  for (let index = first; index < lines.length; ) {
    const end = closingQuote(text, quote);
    if (end !== -1) {
      const value = text.slice(0, end);
      return {
        value:
          quote === '"' ? value.replace(/\\(.)/g, (whole, character: string) => ESCAPES[character] ?? whole) : value,
        lastLine: index,
      };
    }
    index += 1;
    text += `\n${lines[index] ?? ''}`;
  }
  throw syntax(first, 'a quote is not closed');
}

function closingQuote(text: string, quote: '"' | "'"): number {
  for (let at = 0; at < text.length; at += 1) {
    if (quote === '"' && text[at] === '\\') at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

function syntax(index: number, what: string): MooringError {
  return new MooringError('COMPOSE_VAR_SYNTAX', `Cannot read .env: ${what}; NAME=value is wanted`, {
    place: { file: '.env', line: index + 1 },
  });
}
