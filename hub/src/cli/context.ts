import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';
import * as z from 'zod';
import { DEFAULT_DATA, socketPath } from '../config.ts';

/** The socket of a hub that runs with its defaults. */
export const SYSTEM_SOCKET = socketPath(DEFAULT_DATA);

const contextSchema = z.union([
  z.strictObject({ socket: z.string().min(1) }),
  z.strictObject({ address: z.string().min(1), ca: z.string(), certificate: z.string(), key: z.string() }),
]);

/** How to reach a hub: its Unix socket on the same machine, or its address with a user's certificate (PEM texts). */
export type Context = z.infer<typeof contextSchema>;

/** What the global flags say about it. */
export interface ContextFlags {
  readonly hub?: string | undefined;
  readonly context?: string | undefined;
}

/**
 * Finds the hub to talk to. In order: `--hub unix:PATH` or MOORING_HUB; `--context NAME|FILE` or MOORING_CONTEXT; `.mooring/context.json` of the
 * current user in this folder or one above; the context named `default`; the system's socket.
 */
export function findContext(flags: ContextFlags, environment: NodeJS.ProcessEnv): Context {
  const hub = flags.hub ?? environment['MOORING_HUB'];
  const named = flags.context ?? environment['MOORING_CONTEXT'];
  if (hub !== undefined) return withAddress(hub, named);
  if (named !== undefined) return readContext(contextFile(named));
  const near = nearestContext(process.cwd());
  if (near !== undefined) return readContext(near);
  const standing = contextFile('default');
  return existsSync(standing) ? readContext(standing) : { socket: SYSTEM_SOCKET };
}

/** Writes a context that only its owner can read, and returns its path. Names stand for files in the user's configuration folder. */
export function writeContext(name: string, context: Context): string {
  const file = contextFile(name);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(context, undefined, 2)}\n`, { mode: 0o600 });
  return file;
}

function withAddress(hub: string, named: string | undefined): Context {
  if (hub.startsWith('unix:')) return { socket: hub.slice('unix:'.length).replace(/^\/\/(?=\/)/, '') };
  if (hub.startsWith('/')) return { socket: hub };
  const context = readContext(contextFile(named ?? 'default'));
  if ('socket' in context) {
    throw new MooringError(
      'CERT_MISSING',
      `Cannot talk to ${hub}: the context holds no certificate; a user's certificate is wanted`,
      {
        hint: 'Ask an admin for `mooring user add NAME --role viewer --out FILE`, then pass --context FILE.',
      },
    );
  }
  return { ...context, address: hub };
}

function contextFile(name: string): string {
  if (name.includes('/') || name.endsWith('.json')) return resolve(name);
  return join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'mooring', 'contexts', `${name}.json`);
}

function nearestContext(folder: string): string | undefined {
  const file = join(folder, '.mooring', 'context.json');
  // Only one's own: a folder that somebody else made must not choose the hub.
  if (existsSync(file) && statSync(file).uid === process.getuid?.()) return file;
  const parent = dirname(folder);
  return parent === folder ? undefined : nearestContext(parent);
}

function readContext(file: string): Context {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new MooringError(
      'CERT_MISSING',
      `Cannot talk to the hub: there is no context at ${file}; a context with a user's certificate is wanted`,
      {
        hint: "Ask an admin for `mooring user add NAME --role viewer --out FILE`, or run on the hub's own machine.",
        cause,
      },
    );
  }
  const context = parseContext(file, text);
  if ('key' in context && (statSync(file).mode & 0o077) !== 0) {
    throw new MooringError(
      'KEY_PERMISSIONS',
      `Cannot use context ${file}: others can read its key; mode 0600 is wanted`,
      {
        hint: `Run: chmod 600 ${file}`,
      },
    );
  }
  return context;
}

function parseContext(file: string, text: string): Context {
  try {
    return contextSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MooringError(
      'CONFIG_FORMAT',
      `Cannot read context ${file}: it is not a context of Mooring; one that \`mooring user add\` wrote is wanted`,
      {
        cause,
      },
    );
  }
}
