import { MooringError } from '@mooring/proto';
import type { EnvFileReading } from './env-file.ts';

/**
 * Variables of an `env_file` with `format: raw` (docker/cli, kvfile): everything behind the first `=` as it is, quotes and dollar signs too. A name
 * alone takes the value from elsewhere. Returns how many characters the values have. Throws COMPOSE_VAR_SYNTAX with the line.
 */
export function readRawEnvFile(text: string, { file, values, lookUp }: EnvFileReading): number {
  let length = 0;
  for (const [index, whole] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = whole.replace(/\r$/, '').trimStart();
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf('=');
    const name = at === -1 ? line : line.slice(0, at);
    if (name === '' || /\s/.test(name))
      throw new MooringError(
        'COMPOSE_VAR_SYNTAX',
        `Cannot read ${file}: a line begins with no name of a variable; NAME=value is wanted`,
        { place: { file, line: index + 1, column: 1 } },
      );
    const value = at === -1 ? lookUp(name) : line.slice(at + 1);
    if (value === undefined) continue;
    length += value.length;
    values.set(name, value);
  }
  return length;
}
