import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bundle, Problem } from '@mooring/proto';
import type Docker from 'dockerode';
import { startBenchAgent } from '../support/bench-agent.ts';
import { desiredOf } from '../support/bench-desired.ts';
import { eventually } from '../support/eventually.ts';
import { finish } from '../support/run.ts';
import type { CanonicalProject } from './canonical.ts';
import { leafDifferences } from './comparable-object.ts';
import { type EngineState, projectIds, type Reading, readEngineState, removeProject } from './engine-state.ts';
import { ask } from './oracle.ts';
import { imageOf, reducedFile } from './reduced-file.ts';
import { renderStack, type StackOnDisk } from './render.ts';

/** Where both make a project. */
export interface Stage {
  readonly docker: Docker;
  readonly socket: string;
  /** Docker compose. */
  readonly oracle: string;
  /** A folder of this run. */
  readonly folder: string;
  /** Gives the engine an image under a name. */
  readonly provide: (image: string) => Promise<void>;
}

/** What both made of a project. */
export interface Outcome {
  readonly containers: number;
  /** What differs, one line each. */
  readonly differences: readonly string[];
}

/** Milliseconds for programs to come to the state that they stay in. */
const STILL_DEADLINE_MS = 20_000;
/** What is written over the files that are compared, so that an engine without their images can run them. */
const REDUCED = 'reduced.conformance.yaml';

let serial = 0;

/**
 * Makes a project with Mooring and then with docker compose, on the same engine and in the same place, and compares everything that the engine shows
 * of it. The files are copied first; nothing is left behind. Throws where either cannot make it.
 */
export async function compareOnEngine(stage: Stage, original: StackOnDisk): Promise<Outcome> {
  const { docker } = stage;
  const held = await projectIds(docker, original.stack);
  if (Object.values(held).some((ids) => ids.length > 0))
    throw new Error(
      `Cannot compare ${original.stack}: the engine runs a project of that name; an engine without it is wanted`,
    );
  serial += 1;
  const place = join(stage.folder, `project-${serial}`);
  cpSync(original.root, place, { recursive: true });
  const stack = { ...original, root: place };
  const project = join(place, original.folder);
  const { files, model } = await reduce(stage, stack);
  const external = await makeExternal(docker, model);
  try {
    const addressless = new Set(
      Object.values(model.networks ?? {}).flatMap(({ name, ipam }) => (ipam?.config === undefined ? [name] : [])),
    );
    const reading = { project: stack.stack, addressless };
    const ours = await byMooring(stage, { stack: { ...stack, files }, project, model, reading });
    await removeProject(docker, stack.stack);
    const theirs = await byCompose(stage, { stack: stack.stack, files, project, reading, wanted: ours });
    return {
      containers: [...theirs.keys()].filter((key) => key.startsWith('container ')).length,
      differences: differ(ours, theirs),
    };
  } finally {
    await removeProject(docker, stack.stack);
    for (const remove of external) await remove();
  }
}

/** The files that both read, and docker compose's model of them. */
async function reduce(stage: Stage, { root, folder, stack, files }: StackOnDisk) {
  const project = join(root, folder);
  const model = await modelOf(stage.oracle, { folder: project, stack, files });
  const images = new Map(Object.entries(model.services).map(([name, service]) => [name, imageOf(name, service)]));
  const there = new Set<string>();
  for (const image of images.values()) if (await isThere(stage.docker, image)) there.add(image);
  const machine = join(stage.folder, 'machine');
  const text = reducedFile(model, { isThere: (image) => there.has(image), machine, project });
  if (text === undefined) return { files, model };
  for (const image of new Set(images.values())) if (!there.has(image)) await stage.provide(image);
  writeFileSync(join(project, REDUCED), text);
  const reduced = [...files, REDUCED];
  return { files: reduced, model: await modelOf(stage.oracle, { folder: project, stack, files: reduced }) };
}

async function modelOf(oracle: string, question: Parameters<typeof ask>[1]): Promise<CanonicalProject> {
  const model = await ask(oracle, question);
  if (model === undefined)
    throw new Error(
      `Cannot compare ${question.stack}: docker compose refuses ${question.files.join(' ')}; files that it takes are wanted`,
    );
  return model;
}

async function isThere(docker: Docker, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 404) return false;
    throw error;
  }
}

/** Networks and volumes that somebody else would have made. Returns how to remove those that were made here. */
async function makeExternal(docker: Docker, { networks = {}, volumes = {} }: CanonicalProject) {
  const removals: (() => Promise<unknown>)[] = [];
  const names = (await docker.listNetworks()).map(({ Name }) => Name);
  for (const { name, external } of Object.values(networks)) {
    if (external !== true || names.includes(name)) continue;
    const network = await docker.createNetwork({ Name: name, Driver: 'bridge' });
    removals.push(() => network.remove());
  }
  const { Volumes: known } = await docker.listVolumes();
  for (const { name, external } of Object.values(volumes)) {
    if (external !== true || known?.some(({ Name }) => Name === name)) continue;
    await docker.createVolume({ Name: name });
    removals.push(() => docker.getVolume(name).remove());
  }
  return removals;
}

interface Making {
  /** Folder of the project. */
  readonly project: string;
  readonly reading: Omit<Reading, 'rewrite'>;
}

async function byMooring(
  { docker, socket, folder }: Stage,
  { stack, project, model, reading }: Making & { stack: StackOnDisk; model: CanonicalProject },
): Promise<EngineState> {
  const { bundle, contents } = await renderStack({ ...stack, directory: project });
  const data = join(folder, `agent-${serial}`);
  mkdirSync(data);
  const agent = await startBenchAgent(data, { socket, events: [] });
  try {
    agent.stage(bundle, contents);
    const { stacks } = await agent.settle(desiredOf([bundle]));
    const problem: Problem | undefined = stacks.flatMap((one) => one.problem ?? [])[0];
    if (problem !== undefined) throw new Error(`Mooring cannot make it: ${problem.message}`);
    return await readEngineState(docker, { ...reading, rewrite: placesOf({ data, bundle, model }) });
  } finally {
    await agent.close();
  }
}

/** Contents that `configs` and `secrets` take from Git lie elsewhere with Mooring: where what is there is the same, the places are one. */
function placesOf(parts: { data: string; bundle: Bundle; model: CanonicalProject }): Reading['rewrite'] {
  const { data, bundle, model } = parts;
  return (text, { service }) => {
    let rewritten = text;
    for (const { target, source } of bundle.services.find(({ name }) => name === service)?.container?.mounts ?? []) {
      if (source?.$case !== 'file') continue;
      const { digest, executable } = source.value;
      const path = join(data, 'content', `${digest.replace(/^sha256:/, '')}${executable ? '.x' : ''}`);
      const original = sourceAt(model, service, target);
      if (original !== undefined && readFileSync(original).equals(readFileSync(path)))
        rewritten = rewritten.replaceAll(path, original);
    }
    return rewritten;
  };
}

/** The file that docker compose mounts at a target for one of its `configs` or `secrets`. */
function sourceAt(model: CanonicalProject, service: string, target: string): string | undefined {
  const { configs = [], secrets = [] } = model.services[service] ?? {};
  const config = configs.find((one) => (one.target ?? `/${one.source}`) === target);
  const secret = secrets.find((one) => resolve('/run/secrets', one.target ?? one.source) === target);
  return model.configs?.[config?.source ?? '']?.file ?? model.secrets?.[secret?.source ?? '']?.file;
}

async function byCompose(
  { docker, socket, oracle }: Stage,
  { stack, files, project, reading, wanted }: Making & { stack: string; files: readonly string[]; wanted: EngineState },
): Promise<EngineState> {
  const chosen = files.flatMap((file) => ['--file', join(project, file)]);
  // Variables of this process would fill those that a file names without a value.
  const env = { HOME: '/nonexistent', DOCKER_HOST: `unix://${socket}` };
  const args = ['--project-name', stack, '--project-directory', project, ...chosen, 'up', '--detach', '--no-build'];
  const ended = await finish(oracle, args, env);
  if (ended.code !== 0) throw new Error(`docker compose up ended with ${ended.code}: ${ended.stderr}`);
  const read = () => readEngineState(docker, { ...reading, rewrite: (text) => text });
  let last = await read();
  const isStill = async () => {
    last = await read();
    if (!sameStatus(last, wanted)) throw new Error('statuses differ');
  };
  // What still differs then is told as a difference.
  await eventually('containers come to their state', isStill, STILL_DEADLINE_MS).catch(() => undefined);
  return last;
}

function sameStatus(one: EngineState, other: EngineState): boolean {
  return [...one].every(([key, leaves]) => leaves.get('State.Status') === other.get(key)?.get('State.Status'));
}

function differ(ours: EngineState, theirs: EngineState): readonly string[] {
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  return keys.flatMap((key) => {
    const [mooring, compose] = [ours.get(key), theirs.get(key)];
    if (mooring === undefined) return [`${key}: docker compose alone made it`];
    if (compose === undefined) return [`${key}: Mooring alone made it`];
    return leafDifferences(mooring, compose).map((line) => `${key} ${line}`);
  });
}
