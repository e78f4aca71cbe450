import { type Hook, MooringError, type Service, Severity } from '@mooring/proto';
import type { ApplyParts } from './apply-parts.ts';

/** Characters of what a hook printed that are told: its last words. */
const MAX_TOLD = 300;
/** Values shorter than this stand in any text by chance. */
const MIN_SECRET_CHARACTERS = 4;

type Moment = 'post_start' | 'pre_stop';

/** Runs the hooks of a service in one of its containers, in order. Throws HOOK_FAILED at the first that ends with anything but 0. */
export async function runHooks(
  parts: ApplyParts,
  id: string,
  { moment, service }: { readonly moment: Moment; readonly service: Service | undefined },
): Promise<void> {
  const hooks = (moment === 'post_start' ? service?.container?.postStart : service?.container?.preStop) ?? [];
  if (service === undefined || hooks.length === 0) return;
  const container = await parts.engine.inspectContainer(id);
  // One that ended by itself meanwhile takes no command, and nothing is left to prepare for its stop.
  if (container?.status !== 'running' && moment === 'pre_stop') return;
  const name = container?.name ?? id;
  for (const [index, hook] of hooks.entries()) {
    const what = hooks.length === 1 ? moment : `${moment} ${index + 1} of ${hooks.length}`;
    await runHook(parts, { id, hook, service, what: `${what} of container ${name}`, name });
  }
}

interface Run {
  readonly id: string;
  readonly hook: Hook;
  readonly service: Service;
  readonly what: string;
  readonly name: string;
}

async function runHook({ engine, tell }: ApplyParts, { id, hook, service, what, name }: Run): Promise<void> {
  const { command, user, privileged, workingDir, environment } = hook;
  const Env = environment.map((variable) => `${variable.name}=${variable.value ?? ''}`);
  const body = { Cmd: command, User: user, Privileged: privileged, WorkingDir: workingDir, Env };
  const { exitCode, output } = await engine.runCommand(id, body);
  const said = lastWords(output, hook, service);
  const about = { service: service.name, object: name };
  if (exitCode === 0) {
    tell({ ...about, kind: 'hook.done', severity: Severity.SEVERITY_INFO, message: `${what} ended with 0${said}` });
    return;
  }
  const message = `Cannot use ${what}: it ended with ${exitCode}${said}; a command that ends with 0 is wanted`;
  tell({ ...about, kind: 'hook.failed', severity: Severity.SEVERITY_ERROR, code: 'HOOK_FAILED', message });
  throw new MooringError('HOOK_FAILED', message);
}

/** What it printed last, without the values of its own environment and the container's: they never leave the host. */
function lastWords(output: string, { environment }: Hook, { container }: Service): string {
  const values = [...environment, ...(container?.environment ?? [])].flatMap(({ value = '' }) =>
    value.length < MIN_SECRET_CHARACTERS ? [] : [value],
  );
  const longestFirst = values.sort((a, b) => b.length - a.length);
  const masked = longestFirst.reduce((text, value) => text.replaceAll(value, '***'), output).trim();
  if (masked === '') return '';
  const told = masked.length > MAX_TOLD ? `…${masked.slice(-MAX_TOLD)}` : masked;
  return ` (it said: ${told.replaceAll(/\s*\n\s*/g, ' / ')})`;
}
