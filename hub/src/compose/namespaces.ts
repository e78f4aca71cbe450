import type { Field } from './field.ts';
import type { Dependency, Namespaces } from './model.ts';

/** What each attribute may be beside `service:<service>`, where that is a choice. */
const MODES = {
  network_mode: { words: ['none', 'host', 'bridge', 'default'], ofService: true },
  pid: { words: ['host'], ofService: true },
  ipc: { words: ['host', 'none', 'private', 'shareable'], ofService: true },
  uts: { words: ['host'], ofService: false },
  userns_mode: { words: ['host'], ofService: false },
  cgroup: { words: ['host', 'private'], ofService: false },
} as const;

const OF_SERVICE = 'service:';

/** The namespaces that a service shares. Throws COMPOSE_VALUE, and COMPOSE_UNSUPPORTED_KEY for those of a container that is not of the stack. */
export function readNamespaces(service: Field): Namespaces {
  const networkMode = readMode(service, 'network_mode');
  return {
    // The engine's own default network, by its older name.
    networkMode: networkMode === 'default' ? 'bridge' : networkMode,
    pidMode: readMode(service, 'pid'),
    ipcMode: readMode(service, 'ipc'),
    utsMode: readMode(service, 'uts'),
    usernsMode: readMode(service, 'userns_mode'),
    cgroupMode: readMode(service, 'cgroup'),
  };
}

function readMode(service: Field, key: keyof typeof MODES): string {
  const field = service.get(key);
  const mode = field?.text() ?? '';
  if (field === undefined || mode === '') return '';
  const { words, ofService } = MODES[key];
  if (words.some((word) => word === mode)) return mode;
  if (ofService && mode.startsWith(OF_SERVICE) && mode !== OF_SERVICE) return mode;
  const wanted = [...words, ...(ofService ? ['service:<service>'] : [])].join(', ');
  if (mode.startsWith('container:'))
    throw field.refusal(
      'COMPOSE_UNSUPPORTED_KEY',
      `"${mode}" names a container that is not of the stack; ${wanted} is wanted`,
    );
  throw field.refusal('COMPOSE_VALUE', `"${mode}" is unknown; ${wanted} is wanted`);
}

/** The service whose namespace a mode means; undefined for other modes. */
export function serviceOf(mode: string): string | undefined {
  return mode.startsWith(OF_SERVICE) ? mode.slice(OF_SERVICE.length) : undefined;
}

/** A service whose namespace is shared comes first, and its replacement restarts the others, unless the file says how they depend. */
export function withNamespaceOwners(
  dependencies: readonly Dependency[],
  { networkMode, pidMode, ipcMode }: Pick<Namespaces, 'networkMode' | 'pidMode' | 'ipcMode'>,
): readonly Dependency[] {
  if (networkMode === '' && pidMode === '' && ipcMode === '') return dependencies;
  const all = new Map(dependencies.map((dependency) => [dependency.service, dependency]));
  for (const owner of [networkMode, pidMode, ipcMode].map(serviceOf)) {
    if (owner === undefined || all.has(owner)) continue;
    all.set(owner, { service: owner, condition: 'service_started', restart: true, required: true });
  }
  return [...all.values()].sort((a, b) => (a.service < b.service ? -1 : 1));
}
