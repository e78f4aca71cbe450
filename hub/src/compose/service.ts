import { readCommand, readEntrypoint } from './arguments.ts';
import { readDependencies } from './dependencies.ts';
import { readEnvironment, readLabels } from './environment.ts';
import { type Field, type FieldEntry, refusalAt } from './field.ts';
import { readFileMounts } from './file-objects.ts';
import { readHealthcheck } from './healthcheck.ts';
import { readImage } from './image-reference.ts';
import { checkKeys } from './known-keys.ts';
import { readMemory } from './memory.ts';
import type { Content, Mount, Service } from './model.ts';
import { type MountScope, readMounts } from './mounts.ts';
import { readAttachments } from './networks.ts';
import { readPorts } from './ports.ts';
import type { VariableSource } from './repository.ts';
import { readRestart } from './restart.ts';
import { SERVICE_KEYS, UNSUPPORTED_SERVICE } from './specification.ts';

/** What reading a service may ask. */
export interface ServiceScope extends MountScope {
  readonly variables: VariableSource;
  readonly networks: ReadonlySet<string>;
  readonly configs: ReadonlyMap<string, Content>;
  readonly secrets: ReadonlyMap<string, Content>;
}

/** Names that the engine takes inside container names; host names on networks have at most 63 characters. */
const SERVICE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;

/** Refuses a name that the engine would not take, where the name stands. Throws NAME_INVALID. */
export function checkServiceName({ key, keyAt, value }: FieldEntry): void {
  if (SERVICE_NAME.test(key)) return;
  throw refusalAt({ ...keyAt, field: value.path }, 'NAME_INVALID', {
    what: 'its name is not taken by the engine; [a-zA-Z0-9][a-zA-Z0-9._-]* of at most 63 characters is wanted',
  });
}

/** One service, resolved. */
export async function readService(name: string, field: Field, scope: ServiceScope): Promise<Service> {
  checkKeys(field, { read: SERVICE_KEYS, refused: UNSUPPORTED_SERVICE });
  const image = field.get('image');
  if (image === undefined || image.isNull)
    throw field.refusal('COMPOSE_IMAGE_MISSING', 'it names no image; an image is wanted');
  return {
    name,
    image: readImage(image),
    command: readCommand(field.get('command')),
    entrypoint: readEntrypoint(field.get('entrypoint')),
    environment: readEnvironment(field.get('environment'), scope.variables),
    labels: readLabels(field.get('labels')),
    ports: readPorts(field.get('ports')),
    mounts: await allMounts(field, scope),
    networks: readAttachments(field.get('networks'), scope.networks),
    dependsOn: readDependencies(field.get('depends_on')),
    healthcheck: readHealthcheck(field.get('healthcheck')),
    restart: readRestart(field.get('restart')),
    memoryBytes: readMemory(field),
    replicas: 1,
  };
}

async function allMounts(field: Field, scope: ServiceScope): Promise<readonly Mount[]> {
  const files = [
    ...readFileMounts(field.get('configs'), 'configs', scope.configs),
    ...readFileMounts(field.get('secrets'), 'secrets', scope.secrets),
  ];
  const mounts = new Map((await readMounts(field.get('volumes'), scope)).map((mount) => [mount.target, mount]));
  for (const mount of files) {
    if (mounts.has(mount.target))
      throw field.refusal('COMPOSE_CONFLICT', `two mounts have the target ${mount.target}; one is wanted`);
    mounts.set(mount.target, mount);
  }
  return [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}
