import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';
import { type CanonicalProject, comparableCanonical } from './canonical.ts';
import { differences } from './comparable.ts';
import { builtImage, renderStack } from './render.ts';
import { comparableBundle } from './rendered.ts';

const REPOSITORY = resolve(import.meta.dirname, '..', '..');
/** Where the corpus lay when docker compose 2.40.3 answered. */
const ORACLE_ROOT = '/corpus';

/** A folder of real Compose files with what docker compose made of each; undefined where there is none. */
export function corpusFolder(): string | undefined {
  const folder = resolve(REPOSITORY, process.env['MOORING_CORPUS'] ?? '../shared/corpus');
  // Docker compose speaks of where a folder really is.
  return existsSync(join(folder, 'verdicts.json')) ? realpathSync(folder) : undefined;
}

/** What came of one file. */
export interface Outcome {
  readonly file: string;
  /** Services of the canonical model. */
  readonly services: number;
  /** Why it is refused as it is; undefined where it renders. */
  readonly refused: string | undefined;
  /** The same once each service that is only built has an image. */
  readonly refusedWithImages: string | undefined;
  /** What differs from the canonical model. */
  readonly differences: readonly string[];
}

/** What docker compose says of a file. */
interface Verdict {
  readonly file: string;
  readonly parses: boolean;
}

/** Renders every file of the corpus that docker compose parses. */
export async function renderCorpus(root: string): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const { file, parses } of await readVerdicts(root)) if (parses) outcomes.push(await renderOne(root, file));
  return outcomes;
}

/** Files that docker compose refuses, and how each is refused; undefined for one that renders. */
export async function refuseCorpus(root: string): Promise<readonly { file: string; refused: string | undefined }[]> {
  const refusals = [];
  for (const { file, parses } of await readVerdicts(root)) {
    if (parses) continue;
    const place = { root, folder: dirname(file), stack: 'refused', files: [basename(file)] };
    refusals.push({ file, refused: (await outcomeOf(() => renderStack(place))).refused });
  }
  return refusals;
}

/** What docker compose says of each file of the corpus. */
export async function readVerdicts(root: string): Promise<readonly Verdict[]> {
  return JSON.parse(await readFile(join(root, 'verdicts.json'), 'utf8'));
}

/** Services that only say how to build their image. */
export function builtServices({ services }: CanonicalProject): readonly string[] {
  return Object.entries(services).flatMap(([name, { image }]) => (image === undefined ? [name] : []));
}

async function renderOne(root: string, file: string): Promise<Outcome> {
  const oracle = await readOracle(root, file);
  const images = builtServices(oracle);
  const place = { root, folder: dirname(file), stack: oracle.name, files: [basename(file)] };
  const asWritten = await outcomeOf(() => renderStack(place));
  const rendered = images.length === 0 ? asWritten : await outcomeOf(() => renderStack({ ...place, images }));
  const services = Object.fromEntries(
    Object.entries(oracle.services).map(([name, service]) => [
      name,
      images.includes(name) ? { ...service, image: builtImage(name) } : service,
    ]),
  );
  const wanted = comparableCanonical(
    { ...oracle, services },
    {
      root: ORACLE_ROOT,
      folder: join(ORACLE_ROOT, dirname(file)),
      isInRepository: (path) => existsSync(join(root, path)),
    },
  );
  return {
    file,
    services: Object.keys(services).length,
    refused: asWritten.refused,
    refusedWithImages: rendered.refused,
    differences: rendered.bundle === undefined ? [] : differences(comparableBundle(rendered.bundle), wanted),
  };
}

/** What docker compose answered for a file. The answers were kept with another name of the home folder, written into every path that begins with it. */
export async function readOracle(root: string, file: string): Promise<CanonicalProject> {
  const text = await readFile(join(root, '.canonical', `${file.replaceAll('/', '__')}.json`), 'utf8');
  return JSON.parse(text.replaceAll('/home/user', '/root'));
}

async function outcomeOf(render: () => ReturnType<typeof renderStack>) {
  try {
    return { bundle: (await render()).bundle, refused: undefined };
  } catch (error) {
    if (!(error instanceof MooringError)) throw error;
    return { bundle: undefined, refused: `${error.code} ${error.message}` };
  }
}
