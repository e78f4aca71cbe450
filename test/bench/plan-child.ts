/**
 * Plans many services again and again, in a process of its own with the agent's own flags: `plan-child.ts FILE ROUNDS`, FILE holding the engine's
 * answers about one container, its image and its network. Prints the milliseconds of each round: parse, canonical forms, plan, parse again.
 */
import { readFileSync } from 'node:fs';
import { containerDetails, containerFields, type DesiredStack, judge, type Observed, plan } from '@mooring/agent';
import { ContainerSpec, Network, Service } from '@mooring/proto';
import { bundleOf, desiredOf } from '../support/bench-desired.ts';
import { environmentOf, IMAGE, STACK, serviceNames } from './bench-stack.ts';

const COUNT = 1000;
const NETWORK = `${STACK}_default`;

const PATHS = {
  content: (digest: string) => `/contents/${digest}`,
  tree: (digest: string) => `/trees/${digest}`,
  data: (name: string, path: string) => `/data/${name}/${path}`,
};

const [file = '', rounds = '1'] = process.argv.slice(2);
const { container, image, network } = JSON.parse(readFileSync(file, 'utf8'));
const [first = ''] = serviceNames(1);
const names = Array.from({ length: COUNT }, (_, index) => `n${String(index).padStart(4, '0')}`);
const texts = names.map((name, index) =>
  JSON.stringify(container)
    .replaceAll(first, name)
    .replaceAll(container.Id, String(index).padStart(container.Id.length, '0')),
);
const desired = desiredOf([
  bundleOf(STACK, {
    services: names.map(serviceOf),
    networks: [Network.fromPartial({ key: 'default', name: NETWORK })],
  }),
]);
const [stack] = desired.stacks;
if (stack === undefined) throw new Error('there is no stack');
const receipts = receiptsOf(stack, observe(texts.map((text) => JSON.parse(text))));

for (let round = 0; round < Number(rounds); round += 1) {
  const parsed = timed(() => texts.map((text) => JSON.parse(text)));
  const observed = timed(() => observe(parsed.value));
  const planned = timed(() => planOf(observed.value));
  const again = timed(() => texts.map((text) => JSON.parse(text)));
  const [found] = planned.value.stacks;
  if (found === undefined || found.steps.length + found.drift.length > 0)
    throw new Error(`there is something to do: ${found?.steps[0]?.reason} ${found?.steps[0]?.fields}`);
  process.stdout.write(`${JSON.stringify([parsed, observed, planned, again].map(({ ms }) => ms))}\n`);
}

function serviceOf(name: string): Service {
  const environment = Object.entries(environmentOf(name, 0));
  return Service.fromPartial({
    name,
    container: ContainerSpec.fromPartial({
      image: IMAGE,
      environment: environment.map(([key, value]) => ({ name: key, value })),
      restart: { name: 'unless-stopped' },
      networks: [{ network: 'default' }],
    }),
  });
}

type Answer = Parameters<typeof containerDetails>[0];

/** What looking makes of the answers. */
function observe(answers: readonly Answer[]): Observed {
  const naming = {
    networkKey: (name: string) => (name === NETWORK ? 'default' : undefined),
    networkId: (name: string) => (name === NETWORK ? String(network.Id) : undefined),
  };
  const containers = answers.map((answer, index) => {
    const details = containerDetails(answer);
    const service = names[index] ?? '';
    const specDigest = stack?.bundle.services[index]?.specDigest ?? '';
    const fields = containerFields(details.inspected, naming);
    return { ...details, stack: STACK, service, replica: 1, specDigest, fields, stoppedByHand: false };
  });
  const own = { ours: true, stack: STACK, key: 'default', specDigest: stack?.bundle.networks[0]?.specDigest ?? '' };
  return {
    engine: {
      version: '',
      apiVersion: '',
      operatingSystem: '',
      architecture: '',
      cpus: 1,
      memoryBytes: 1,
      defaults: '',
    },
    containers,
    strangers: [],
    unknown: [],
    foreignContainers: [],
    composeContainers: new Map(),
    networks: [{ id: network.Id, name: NETWORK, labels: network.Labels, inspected: network, ...own }],
    volumes: [],
    images: new Map([[container.Image, image.Config]]),
    tags: new Map(),
    addresses: new Map(),
    contents: new Map(),
    atMs: Date.now(),
  };
}

function planningOf(observed: Observed) {
  return { desired, observed, paths: PATHS, completion: () => undefined, mask: (value: string) => value };
}

/** A receipt of every container, as the agent keeps them. */
function receiptsOf(of: DesiredStack, observed: Observed) {
  const input = { ...planningOf(observed), receipt: () => undefined };
  return new Map(
    observed.containers.map((own, index) => {
      const service = of.bundle.services[index] ?? Service.fromPartial({});
      const verdict = judge({ desired: of, wanted: { service, replica: 1, name: own.name }, container: own }, input);
      const receipt = { canonical: 1, engine: '', desired: verdict.desired, fields: own.fields, image: image.Config };
      return [own.id, receipt] as const;
    }),
  );
}

function planOf(observed: Observed) {
  const memory = {
    applied: new Map([[STACK, stack?.bundleObject ?? '']]),
    notBeforeMs: () => 0,
    startNotBeforeMs: () => 0,
    isIneffective: () => false,
    since: (_key: string, nowMs: number) => nowMs,
  };
  return plan({ ...planningOf(observed), memory, nowMs: Date.now(), receipt: (id) => receipts.get(id) });
}

function timed<T>(work: () => T): { readonly ms: number; readonly value: T } {
  // What was thrown away before is not this work's to collect.
  globalThis.gc?.();
  const beganMs = performance.now();
  const value = work();
  return { ms: performance.now() - beganMs, value };
}
