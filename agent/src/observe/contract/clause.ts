import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { MooringError } from '@mooring/proto';
import { containerFields } from '../../canonical/container-fields.ts';
import type { CreateBody, Engine } from '../engine.ts';

/** An engine that is to keep the contract: the one in memory and real ones alike. The image below must be on it. */
export interface ContractSubject {
  readonly engine: Engine;
  /** What the port cannot do and people can. */
  pause(container: string): Promise<void>;
  tag(image: string, tag: string): Promise<void>;
}

/** The image that the contract makes containers from, as instructions of a Dockerfile. */
export const CONTRACT_IMAGE = {
  repo: 'local/contract',
  tag: '1',
  changes: [
    'ENV PATH=/bin',
    'ENV FROM_IMAGE=yes',
    'LABEL from.image=yes',
    'VOLUME /kept',
    'WORKDIR /tmp',
    'USER 0',
    'STOPSIGNAL SIGKILL',
    'CMD ["sleep","3600"]',
  ],
} as const;

/** One promise of an engine. */
export interface Clause {
  readonly name: string;
  holds(subject: ContractSubject): Promise<void>;
}

/** Its reference. */
export const IMAGE = 'local/contract:1';
/** What marks objects as ours. */
export const LABEL = 'io.mooring.fleet';
const NO_NAMES = { networkKey: () => undefined, networkId: () => undefined };
/** A container of the image above. */
export const body = (more: Readonly<Record<string, unknown>> = {}): CreateBody => ({
  Image: IMAGE,
  StopTimeout: 1,
  ...more,
});

/** Runs with a container, and removes it whatever happens. */
export async function withContainer(engine: Engine, more: object, use: (id: string) => Promise<void>): Promise<void> {
  const id = await engine.createContainer('contract-one', body({ ...more }), '');
  try {
    await use(id);
  } finally {
    await engine.removeContainer(id);
  }
}

/** Runs with a network, and removes it whatever happens. */
export async function withNetwork(
  engine: Engine,
  body: { readonly Name: string; readonly IPAM?: object },
  use: (id: string) => Promise<void>,
): Promise<void> {
  const id = await engine.createNetwork({ Driver: 'bridge', Labels: { [LABEL]: 'contract' }, ...body });
  try {
    await use(id);
  } finally {
    await engine.removeNetwork(id);
  }
}

/** What the engine tells of a container that is there. */
export async function details(engine: Engine, id: string) {
  const found = await engine.inspectContainer(id);
  assert.ok(found, 'the container is there');
  return found;
}

/** The canonical form: what the agent sees of a container. */
export async function seen(engine: Engine, id: string): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(containerFields((await details(engine, id)).inspected, NO_NAMES));
}

// A list is a picture that the engine takes when it has finished something, a moment after it answered.
const PICTURE_DEADLINE_MS = 10_000;
const PICTURE_EVERY_MS = 50;

/** It is so soon. */
export async function holds(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PICTURE_DEADLINE_MS; !(await isSo()); await delay(PICTURE_EVERY_MS))
    assert.ok(Date.now() < deadline, what);
}

/** The engine refuses, and the error bears the code. */
export async function refuses(code: string, act: () => Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(error instanceof MooringError, `${error} is a MooringError`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}
