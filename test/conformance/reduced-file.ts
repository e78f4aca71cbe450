import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The part of docker compose's model that decides what one engine can run. */
interface ReducibleModel {
  readonly services: Readonly<Record<string, ReducibleService>>;
}

interface ReducibleService {
  readonly image?: string;
  readonly command?: readonly string[] | null;
  readonly entrypoint?: readonly string[] | null;
  readonly user?: string;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly volumes?: readonly { readonly type: string; readonly source?: string; readonly read_only?: boolean }[];
  readonly devices?: readonly { readonly source: string; readonly target?: string; readonly permissions?: string }[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

/** What a reduction may use. */
export interface Reducing {
  /** True for an image that the engine has: such a service stays as it is written. */
  readonly isThere: (image: string) => boolean;
  /** A folder that stands for the machine's own. */
  readonly machine: string;
  /** Folder of the Compose files: what is below it stays. */
  readonly project: string;
}

/** Programs that stand in for the real ones; the real arguments follow, so that they are compared too. */
const SLEEPS = ['/bin/sh', '-c', 'trap "exit 143" TERM INT QUIT; /bin/sleep 3600 & wait'];
const SUCCEEDS = ['/bin/sh', '-c', 'exit 0'];
/** A user by name is one of the image's; this number stands in for each. */
const SOMEBODY = '1000';
const IS_NUMBER = /^\d*(?::\d+)?$/;
/** Nobody waits for half a minute between checks of what others wait for. */
const QUICK = { interval: '1s' };

/** The image of a service that is only built. */
export function imageOf(name: string, { image }: Pick<ReducibleService, 'image'>): string {
  return image ?? `built/${name.toLowerCase()}`;
}

/**
 * A Compose file that is merged over others so that an engine without their images can run them: image, programs, and what belongs to the machine are
 * others, and all else stays as it was written. Undefined: nothing has to be another.
 */
export function reducedFile({ services }: ReducibleModel, reducing: Reducing): string | undefined {
  const reduced = Object.entries(services).filter(([name, service]) => !reducing.isThere(imageOf(name, service)));
  if (reduced.length === 0) return undefined;
  const lines = reduced.flatMap(([name, service]) => [
    `  ${JSON.stringify(name)}:`,
    ...attributes(name, { service, services, reducing }).map(([key, value]) => `    ${key}: ${value}`),
  ]);
  return ['services:', ...lines, ''].join('\n');
}

interface Scope extends ReducibleModel {
  readonly service: ReducibleService;
  readonly reducing: Reducing;
}

/** Values are docker compose's own, in which each `$` is written twice already. */
function attributes(name: string, { service, services, reducing }: Scope): readonly (readonly [string, string])[] {
  const { user = '', devices = [] } = service;
  const awaited = Object.values(services).map(({ depends_on: others = {} }) => others[name]?.condition);
  const ends = awaited.includes('service_completed_successfully');
  const others = [
    ['image', JSON.stringify(imageOf(name, service))],
    ['build', '!reset null'],
    ['pull_policy', 'missing'],
    ...programs(service, ends ? SUCCEEDS : SLEEPS),
    ...healthcheck(service, awaited.includes('service_healthy')),
    ...volumes(service, reducing),
  ] as const;
  return [
    ...others,
    ...(IS_NUMBER.test(user) ? [] : [['user', JSON.stringify(SOMEBODY)] as const]),
    ...(devices.length === 0 ? [] : [['devices', `!override ${JSON.stringify(devices.map(device))}`] as const]),
  ];
}

function programs({ entrypoint, command }: ReducibleService, stand: readonly string[]) {
  // The image sleeps by itself.
  if (!entrypoint && !command && stand === SLEEPS) return [];
  if (entrypoint && entrypoint.length > 0) return [['entrypoint', JSON.stringify([...stand, ...entrypoint])] as const];
  return [['command', JSON.stringify([...stand, ...(command ?? [])])] as const];
}

function healthcheck({ healthcheck: check }: ReducibleService, hurries: boolean) {
  if (check === undefined || check.disable === true || check.test?.[0] === 'NONE') return [];
  const quick = { test: ['CMD-SHELL', 'true'], ...(hurries ? QUICK : {}) };
  return [['healthcheck', JSON.stringify(quick)] as const];
}

/** What is there to be read stays; a folder stands in for all else of the machine, which nobody here writes to or makes. */
function volumes({ volumes: mounts = [] }: ReducibleService, { machine, project }: Reducing) {
  const changed = mounts.flatMap((mount) => {
    const { type, source = '', read_only: readOnly = false } = mount;
    if (type !== 'bind' || source === project || source.startsWith(`${project}/`)) return [];
    if (readOnly && statSync(source, { throwIfNoEntry: false })?.isDirectory()) return [];
    const stand = join(machine, source);
    mkdirSync(stand, { recursive: true });
    return [{ ...mount, source: stand }];
  });
  return changed.length === 0 ? [] : [['volumes', JSON.stringify(changed)] as const];
}

function device({
  source,
  target = source,
  permissions = 'rwm',
}: {
  source: string;
  target?: string;
  permissions?: string;
}) {
  return `${existsSync(source) ? source : '/dev/null'}:${target}:${permissions}`;
}
