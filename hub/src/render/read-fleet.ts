import { type ErrorCode, MooringError, type Place, type RenderProblem } from '@mooring/proto';
import { nearest } from '../compose/nearest.ts';
import type { RepositoryReader } from '../compose/repository.ts';
import type { Fleet } from './fleet-file.ts';
import { type FleetDocument, fleetSchema, UNSUPPORTED_KEYS } from './fleet-schema.ts';
import { readDocument, type YamlDocument } from './fleet-yaml.ts';
import { MAX_PROBLEMS, problemOf, problemsOf } from './problem.ts';
import { toFleet } from './to-fleet.ts';

/** Where the fleet is described. */
const FLEET_FILE = 'fleet.yaml';

/** What fleet.yaml says, or what is wrong with it. */
export type FleetReading =
  | {
      readonly kind: 'fleet';
      readonly fleet: Fleet;
      warnings(known: readonly { readonly name: string }[]): readonly RenderProblem[];
    }
  | { readonly kind: 'refused'; readonly problems: readonly RenderProblem[] };

/** Reads and checks fleet.yaml. What is wrong with it is returned, all of it at once; a repository that cannot be read is thrown. */
export async function readFleet(repository: RepositoryReader): Promise<FleetReading> {
  const document = await readDocument(repository, FLEET_FILE);
  const place = (keys: readonly PropertyKey[]): Place => placeOf(document, keys);
  const parsed = fleetSchema.safeParse(document.value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => issueErrors(issue, place)).map((error) => problemOf(error));
    return { kind: 'refused', problems: problems.slice(0, MAX_PROBLEMS) };
  }
  const { fleet, errors } = toFleet(parsed.data, place);
  if (errors.length > 0) return { kind: 'refused', problems: errors.flatMap((error) => problemsOf(error)) };
  return { kind: 'fleet', fleet, warnings: (known) => unknownHosts(fleet, { known, place }) };
}

type Issue = NonNullable<ReturnType<typeof fleetSchema.safeParse>['error']>['issues'][number];

/** What the schema found, in our words. */
function issueErrors(issue: Issue, place: (keys: readonly PropertyKey[]) => Place): readonly MooringError[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, issue, place));
  const field = fieldText(issue.path);
  const what = field === '' ? FLEET_FILE : `${field} in ${FLEET_FILE}`;
  const isVersion = issue.path[0] === 'version';
  if (isVersion) {
    return [
      new MooringError(
        'FLEET_VERSION',
        `Cannot read ${what}: it is missing or not a version that this build knows; version: 1 is wanted`,
        { place: place(issue.path) },
      ),
    ];
  }
  const wanted = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [
    new MooringError('FLEET_TYPE', `Cannot read ${what}: it has another form; ${wanted} is wanted`, {
      place: place(issue.path),
    }),
  ];
}

function unknownKey(
  key: string,
  issue: Issue & { code: 'unrecognized_keys' },
  place: (keys: readonly PropertyKey[]) => Place,
): MooringError {
  const path = [...issue.path, key];
  const reason = Object.hasOwn(UNSUPPORTED_KEYS, key) ? UNSUPPORTED_KEYS[key] : undefined;
  if (reason !== undefined) {
    return fieldError('FLEET_UNSUPPORTED_KEY', {
      path,
      what: `it is not supported yet, ${reason}; a file without it is wanted`,
      place,
      hint: `Remove ${key}.`,
    });
  }
  const meant = nearest(key, knownKeys(issue.path));
  return fieldError('FLEET_UNKNOWN_KEY', {
    path,
    what: `there is no such key; one of ${knownKeys(issue.path).join(', ')} is wanted`,
    place,
    hint: meant === undefined ? undefined : `Did you mean ${meant}?`,
  });
}

function fieldError(
  code: ErrorCode,
  {
    path,
    what,
    place,
    hint,
  }: {
    path: readonly PropertyKey[];
    what: string;
    place: (keys: readonly PropertyKey[]) => Place;
    hint: string | undefined;
  },
): MooringError {
  return new MooringError(code, `Cannot read ${fieldText(path)} in ${FLEET_FILE}: ${what}`, {
    place: place(path),
    hint,
  });
}

/** Keys of the mapping at that path: the root, a host, a stack or an overlay. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  const host: (keyof NonNullable<NonNullable<FleetDocument['hosts']>[string]>)[] = ['labels', 'vars'];
  if (path.length === 0) return ['version', 'hosts', 'stacks', 'vars'];
  if (path[0] === 'hosts') return host;
  return path.includes('overlays')
    ? ['hosts', 'compose', 'vars']
    : ['path', 'directory', 'hosts', 'compose', 'overlays', 'after', 'vars', 'drift', 'ignore'];
}

function placeOf(document: YamlDocument, keys: readonly PropertyKey[]): Place {
  const { line, column } = document.positionOf(keys.map((key) => (typeof key === 'number' ? key : String(key))));
  return { file: FLEET_FILE, line, column, field: fieldText(keys) };
}

/** `stacks.shop.overlays[0].hosts`. */
function fieldText(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${String(key)}`))
    .join('');
}

/** A host that is named and has not joined: perhaps it will, perhaps it is a slip. */
function unknownHosts(
  fleet: Fleet,
  { known, place }: { known: readonly { readonly name: string }[]; place: (keys: readonly PropertyKey[]) => Place },
): readonly RenderProblem[] {
  const names = known.map((host) => host.name);
  const seen = new Set(names);
  return fleet.namedHosts
    .filter(({ name }) => !seen.has(name))
    .map(({ name, keys }) => {
      const meant = nearest(name, names);
      const message = `Cannot find host ${name}, which ${FLEET_FILE} names: it has not joined; the name of a host that joined is wanted`;
      return problemOf(
        new MooringError('FLEET_HOST_UNKNOWN', message, {
          place: place(keys),
          hint: meant === undefined ? `Run mooring invite ${name}.` : `Did you mean ${meant}?`,
        }),
      );
    });
}
