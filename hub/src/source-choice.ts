import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MooringError } from '@mooring/proto';
import * as z from 'zod';
import type { HubConfig } from './config.ts';

const DEFAULT_BRANCH = 'main';
const choiceSchema = z.strictObject({ repo: z.string(), branch: z.string() });

/**
 * Which repository and branch a hub follows: what its flags say, else what it followed last, which is kept beside its keys. Throws
 * CONFIG_REQUIRED when nothing ever named one.
 */
export function followed(config: Pick<HubConfig, 'data' | 'repo' | 'branch'>): {
  readonly repo: string;
  readonly branch: string;
} {
  const file = join(config.data, 'source.json');
  const last = existsSync(file) ? readChoice(file) : undefined;
  const repo = config.repo ?? last?.repo;
  if (repo === undefined) {
    throw new MooringError('CONFIG_REQUIRED', 'Cannot start the hub: no repository is named; --repo is wanted', {
      hint: 'Add --repo URL|PATH; it is remembered.',
    });
  }
  const branch = config.branch ?? last?.branch ?? DEFAULT_BRANCH;
  if (existsSync(config.data) && (repo !== last?.repo || branch !== last?.branch)) {
    writeFileSync(file, `${JSON.stringify({ repo, branch })}\n`, { mode: 0o600 });
  }
  return { repo, branch };
}

function readChoice(file: string): z.infer<typeof choiceSchema> {
  try {
    return choiceSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new MooringError(
      'CONFIG_FORMAT',
      `Cannot read ${file}: it does not name a repository and a branch; --repo and --branch are wanted`,
      {
        hint: `Remove ${file} and name the repository with --repo.`,
        cause,
      },
    );
  }
}
