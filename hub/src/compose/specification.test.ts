import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { KnownKeys } from './known-keys.ts';
import {
  ATTACHMENT_KEYS,
  CONFIG_KEYS,
  DEPLOY_KEYS,
  MOUNT_KEYS,
  NETWORK_KEYS,
  RENDERED_SERVICE_KEYS,
  SECRET_KEYS,
  SERVICE_KEYS,
  TOP_LEVEL_KEYS,
  VOLUME_KEYS,
} from './specification.ts';

/** The schema that docker compose 2.40.3 checks files with (compose-spec, Apache-2.0). */
const SCHEMA: Schema = JSON.parse(readFileSync(new URL('schema/compose-spec.json', import.meta.url), 'utf8'));
const FILE = new URL('../../../deploy/compose-support.md', import.meta.url);

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

interface Section {
  readonly title: string;
  readonly known: KnownKeys;
  /** Where the schema has its keys. */
  readonly schema: Schema | undefined;
  /** Keys that are known although this schema does not have them, each with why. */
  readonly beyond?: Readonly<Record<string, string>>;
}

const service = SCHEMA.definitions?.['service']?.properties ?? {};
const attachments = service['networks']?.oneOf?.find(({ patternProperties }) => patternProperties !== undefined);

const SECTIONS: readonly Section[] = [
  { title: 'A file', known: TOP_LEVEL_KEYS, schema: SCHEMA },
  {
    title: 'A service',
    known: SERVICE_KEYS,
    schema: SCHEMA.definitions?.['service'],
    beyond: { pre_start: 'later versions of docker compose have it' },
  },
  { title: '`deploy` of a service', known: DEPLOY_KEYS, schema: SCHEMA.definitions?.['deployment'] },
  {
    title: '`networks` of a service',
    known: ATTACHMENT_KEYS,
    schema: Object.values(attachments?.patternProperties ?? {})[0],
  },
  { title: '`volumes` of a service, in the long form', known: MOUNT_KEYS, schema: service['volumes']?.items },
  { title: '`networks` of a file', known: NETWORK_KEYS, schema: SCHEMA.definitions?.['network'] },
  { title: '`volumes` of a file', known: VOLUME_KEYS, schema: SCHEMA.definitions?.['volume'] },
  {
    title: '`configs` of a file',
    known: CONFIG_KEYS,
    schema: SCHEMA.definitions?.['config'],
    beyond: {
      driver: 'refused by the same name as for secrets',
      driver_opts: 'refused by the same name as for secrets',
    },
  },
  { title: '`secrets` of a file', known: SECRET_KEYS, schema: SCHEMA.definitions?.['secret'] },
];

/** Keys of a mapping, in whichever form it may be written. */
function keysOf(schema: Schema | undefined): readonly string[] {
  const forms = [...(schema?.oneOf ?? []), ...(schema?.anyOf ?? [])].flatMap(keysOf);
  return [...new Set([...Object.keys(schema?.properties ?? {}), ...forms])].sort();
}

function knownKeys({ read, refused, ignored = {} }: KnownKeys): readonly string[] {
  return [...read, ...Object.keys(refused), ...Object.keys(ignored)].sort();
}

describe('every key of the Compose specification is known, and no other', () => {
  test.each(SECTIONS)('$title', ({ known, schema, beyond = {} }) => {
    const wanted = keysOf(schema);
    expect(wanted.length).toBeGreaterThan(4);
    expect(knownKeys(known)).toEqual([...new Set([...wanted, ...Object.keys(beyond)])].sort());
  });
});

test('deploy/compose-support.md says what becomes of each (renew it with RENEW=1)', () => {
  const text = [
    '# What becomes of each key of a Compose file',
    '',
    'Held to the code and to the schema of docker compose 2.40.3 by a test. *Read*: it has its effect, or has none on servers (`attach`, `version`, `build`',
    'beside an image). *Ignored*: as docker compose does, with a warning. *Refused*: a commit with it is refused by name, with the reason. *Printed*:',
    '`mooring render FILE` knows it all the same.',
    '',
    ...SECTIONS.flatMap(tableOf),
  ].join('\n');
  if (process.env['RENEW'] === '1') writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8')).toBe(text);
});

function tableOf({ title, known }: Section): readonly string[] {
  const rows = knownKeys(known).map((key) => `| \`${key}\` | ${stateOf(key, known)} |`);
  return [`## ${title}`, '', '| key | |', '|---|---|', ...rows, ''];
}

function stateOf(key: string, known: KnownKeys): string {
  const { read, refused, ignored = {} } = known;
  if (read.includes(key)) return 'read';
  if (Object.hasOwn(ignored, key)) return `ignored: ${ignored[key]}`;
  const printed = known === SERVICE_KEYS ? RENDERED_SERVICE_KEYS.read.includes(key) : known !== TOP_LEVEL_KEYS;
  return `refused: ${refused[key]}${printed ? '; printed' : ''}`;
}
