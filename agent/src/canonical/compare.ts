import { attributeOf, type Fields } from './fields.ts';
import { UNSET } from './spellings.ts';

/** What is compared with what is observed. */
export interface Expected {
  /** What Compose sets, and what follows from it. */
  readonly desired: Fields;
  /** The canonical form right after Mooring started the object; undefined: there is none yet. */
  readonly receipt: Fields | undefined;
  /** Fields that no inspect shows, as they were when the object was made; undefined: unknown. */
  readonly silent: Fields | undefined;
}

/** One field that is not as expected. Empty text: not set. */
export interface Difference {
  readonly path: string;
  readonly desired: string;
  readonly observed: string;
}

/**
 * Attributes whose value the engine, its configuration or the machine chooses where Compose sets none: there the receipt is what is expected.
 * For every other attribute "not set" is a value.
 */
const CHOSEN_BY_ENGINE: ReadonlySet<string> = new Set([
  'blkio_config',
  'cgroup',
  'cgroup_parent',
  'cpu_period',
  'cpu_quota',
  'cpu_rt_period',
  'cpu_rt_runtime',
  'cpuset_mems',
  'device_cgroup_rules',
  'gpus',
  'ipc',
  'links',
  'logging',
  'mem_swappiness',
  'memswap_limit',
  'oom_kill_disable',
  'oom_score_adj',
  'runtime',
  'shm_size',
  'storage_opt',
  'ulimits',
  'userns_mode',
  'volumes_from',
]);

/**
 * Of those, what an inspect shows as the engine's configuration says now, whatever the container was made with: engines merge their default ulimits
 * into each answer. An unset one says nothing, and nobody can change one while the container is there.
 */
const SHOWN_AS_CONFIGURED: ReadonlySet<string> = new Set(['ulimits']);

/** Attributes that engines discard where the kernel lacks them, with a warning that nobody keeps. */
const MAY_BE_DISCARDED: ReadonlySet<string> = new Set(['blkio_config', 'mem_swappiness', 'oom_kill_disable']);

/** Attributes that no inspect shows. */
export const SILENT: ReadonlySet<string> = new Set(['platform', 'mount_options', 'post_start', 'pre_stop']);

/** Attributes that every container has another value of, unless Compose sets one. */
const OF_ITS_OWN: ReadonlySet<string> = new Set(['hostname']);

/** A variable that is taken away is one that is not there: whether the image has one decides the other side. */
function isNothing(path: string, text: string): boolean {
  return text === '' || (text === UNSET && attributeOf(path) === 'environment');
}

/** Every attachment that runs has one, whoever chose it. */
function isMacAddress(path: string): boolean {
  return path.endsWith('.mac_address') && attributeOf(path) === 'networks';
}

/** An absent value says nothing: the engine tells it of what runs alone, or it was asked for when the container was made, and discarded. */
function isUntold(path: string, receipt: Fields | undefined, asked: Fields | undefined): boolean {
  if (isMacAddress(path)) return true;
  if (!MAY_BE_DISCARDED.has(attributeOf(path))) return false;
  return asked === undefined || (asked.has(path) && receipt?.has(path) !== true);
}

/** Every field that differs, sorted by path. Without a receipt, what the engine chose is taken as it is. */
export function compare({ desired, receipt, silent }: Expected, observed: Fields): readonly Difference[] {
  const differences: Difference[] = [];
  const judge = (path: string, wanted: string, actual: string) => {
    if (wanted !== actual && !(isNothing(path, wanted) && isNothing(path, actual)))
      differences.push({ path, desired: wanted, observed: actual });
  };
  // Nearly every field is as it should be: that is asked first, and nothing is made on the way there.
  desired.forEach((wanted, path) => {
    const actual = observed.get(path);
    if (actual === wanted || (actual === undefined && isUntold(path, receipt, silent))) return;
    if (SILENT.has(attributeOf(path))) judge(path, wanted, silent === undefined ? wanted : (silent.get(path) ?? ''));
    else judge(path, wanted, actual ?? '');
  });
  observed.forEach((actual, path) => {
    if (desired.has(path) || OF_ITS_OWN.has(path) || SHOWN_AS_CONFIGURED.has(attributeOf(path))) return;
    if (isMacAddress(path)) return;
    if (!CHOSEN_BY_ENGINE.has(attributeOf(path))) judge(path, '', actual);
    else if (receipt !== undefined) judge(path, receipt.get(path) ?? '', actual);
  });
  receipt?.forEach((expected, path) => {
    const attribute = attributeOf(path);
    if (desired.has(path) || observed.has(path) || SHOWN_AS_CONFIGURED.has(attribute)) return;
    if (CHOSEN_BY_ENGINE.has(attribute)) judge(path, expected, '');
  });
  silent?.forEach((made, path) => {
    if (!desired.has(path) && SILENT.has(attributeOf(path))) judge(path, '', made);
  });
  if (differences.length === 0) return differences;
  return withoutDetails(differences).sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** What is there or not as a whole, such as an attachment to a network, says it all: its details go without saying. */
function withoutDetails(differences: readonly Difference[]): Difference[] {
  const wholes = differences.filter(
    ({ path, desired, observed }) => path.includes('.') && (desired === '' || observed === ''),
  );
  return differences.filter(({ path }) => !wholes.some((whole) => path.startsWith(`${whole.path}.`)));
}

/** Attributes that Compose set when the object was made and sets no longer, and whose value only the engine knows: it must be made anew. */
export function noLongerSet(before: Fields, now: Fields): readonly string[] {
  const gone: string[] = [];
  before.forEach((_, path) => {
    if (!now.has(path) && CHOSEN_BY_ENGINE.has(attributeOf(path))) gone.push(path);
  });
  return gone.sort();
}
