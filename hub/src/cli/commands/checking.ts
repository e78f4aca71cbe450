import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import {
  Bundle,
  GetHubResponse,
  type GetHubResponse as HubAnswer,
  MooringError,
  type RenderProblem,
} from '@mooring/proto';
import type { Command } from 'commander';
import type { FolderTree } from '../../source/folder.ts';
import { VERSION } from '../../version.ts';
import { EXIT } from '../exit-code.ts';
import { jsonOf } from '../message-json.ts';
import { formatJson } from '../output.ts';
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';
import { renderProblemLines } from '../views/states.ts';

/** Commands that check: validate, render (both without a hub), doctor, version. */
export function addCheckingCommands(program: Command, session: Session): void {
  program
    .command('validate')
    .description('render a working copy for the hosts its fleet.yaml names, and say what is wrong')
    .argument('[dir]', 'folder of the repository', '.')
    .action((dir: string) => validate(session, dir));
  program
    .command('render')
    .description('print what a working copy renders to, or what Compose files mean by themselves; needs no hub')
    .argument('[path...]', 'folder of the repository, or Compose files that are merged left to right', ['.'])
    .option('--host <host>', 'only for this host')
    .action((paths: readonly string[], options: { host?: string }) => render(session, paths, options.host));
  program
    .command('doctor')
    .description('check the hub and the way to it')
    .action(() => doctor(session));
  program
    .command('version')
    .description('versions of this program and of the hub, where one answers')
    .action(() => version(session));
}

async function validate(session: Session, dir: string): Promise<void> {
  const repository = await repositoryAt(dir);
  const { renderDeclared } = await import('../../render/render-declared.ts');
  const rendering = await renderDeclared({ repository });
  const problems =
    rendering.kind === 'refused' ? rendering.problems : rendering.rendering.hosts.flatMap((host) => host.problems);
  const warnings = rendering.kind === 'refused' ? rendering.warnings : rendering.rendering.warnings;
  const ok = problems.length === 0;
  session.out.result({ ok, problems, warnings }, () => {
    const verdict = ok
      ? 'It renders.'
      : `It does not render: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}.`;
    return [...lines(problems), ...(warnings.length === 0 ? [] : ['Warnings:', ...lines(warnings)]), verdict].join(
      '\n',
    );
  });
  if (!ok) session.exit(EXIT.error);
}

async function render(session: Session, paths: readonly string[], host: string | undefined): Promise<void> {
  const [path = '.', ...others] = paths;
  if (isFile(path)) return await renderFiles(session, paths);
  if (others.length > 0)
    throw new MooringError('USAGE', `Cannot render ${path}: it is a folder; one folder, or Compose files, are wanted`);
  const repository = await repositoryAt(path);
  const { renderDeclared } = await import('../../render/render-declared.ts');
  const rendering = await renderDeclared({ repository, host });
  if (rendering.kind === 'refused') return refuse(session, rendering.problems);
  const { hosts, classes, warnings } = rendering.rendering;
  const problems = hosts.flatMap((entry) => entry.problems);
  if (problems.length > 0) return refuse(session, problems);
  const bundles = classes.map(({ bundleDigest, bundle }) => ({ digest: bundleDigest, bundle: Bundle.toJSON(bundle) }));
  const assigned = hosts.map(({ host: name, stacks }) => ({
    host: name,
    stacks: stacks.map(({ stack, bundleDigest }) => ({ stack, bundle: bundleDigest })),
  }));
  for (const line of lines(warnings)) session.out.note(line);
  const json = { hosts: assigned, bundles };
  session.out.result(json, () => formatJson(json, 2));
}

/** What `docker compose config` would print of the files, with the variables of the `.env` beside the first. */
async function renderFiles(session: Session, paths: readonly string[]): Promise<void> {
  if (!paths.every(isFile))
    throw new MooringError('USAGE', 'Cannot render files and folders together; Compose files alone are wanted');
  const { readComposeFiles } = await import('./compose-files.ts');
  const found = await readComposeFiles(paths, homedir());
  if (found.kind === 'refused') return refuse(session, found.problems);
  for (const line of lines(found.warnings)) session.out.note(line);
  session.out.foreign(found.model);
}

function refuse({ out, exit }: Session, problems: readonly RenderProblem[]): void {
  out.result({ ok: false, problems }, () => lines(problems).join('\n'));
  exit(EXIT.error);
}

function lines(problems: readonly RenderProblem[]): string[] {
  return problems.map((problem) => renderProblemLines(problem));
}

async function repositoryAt(dir: string): Promise<FolderTree> {
  if (isFile(dir))
    throw new MooringError('USAGE', `Cannot read ${dir}: it is a file; the folder of a repository is wanted`);
  const { FolderTree } = await import('../../source/folder.ts');
  return new FolderTree(resolve(dir));
}

function isFile(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined)
    throw new MooringError('USAGE', `Cannot read ${path}: nothing is there; a folder or a file is wanted`);
  return status.isFile();
}

async function doctor({ hub, out, exit }: Session): Promise<void> {
  const answer = await (await hub()).fleet.getHub({});
  out.result(jsonOf(GetHubResponse, answer), () => doctorText(answer));
  if (answer.checks.some(({ ok }) => !ok)) exit(EXIT.error);
}

function doctorText({ version: hubVersion, fleetName, fleetId, checks }: HubAnswer): string {
  const skew = hubVersion === VERSION ? '' : ` (this program is ${VERSION})`;
  const rows = checks.map(({ name, ok, message, hint }) => [
    ok ? 'ok' : 'WRONG',
    name,
    hint === '' ? message : `${message}. ${hint}`,
  ]);
  return [
    `Hub ${hubVersion}${skew}, fleet ${fleetName} (${fleetId})`,
    '',
    formatTable(['', 'CHECK', 'WHAT'], rows),
  ].join('\n');
}

async function version({ hub, out }: Session): Promise<void> {
  const found = await hubVersion(hub);
  out.result({ version: VERSION, hub: found }, () =>
    found === undefined ? `mooring ${VERSION}` : `mooring ${VERSION}, hub ${found}`,
  );
}

// No hub within reach is fine here: the version of this program is the answer.
async function hubVersion(hub: Session['hub']): Promise<string | undefined> {
  try {
    return (await (await hub()).fleet.getHub({})).version;
  } catch (error) {
    if (error instanceof MooringError) return undefined;
    throw error;
  }
}
