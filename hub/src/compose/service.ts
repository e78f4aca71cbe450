import { readCommand, readEntrypoint } from './arguments.ts';
import { readDependencies } from './dependencies.ts';
import { checkDeploy, readReplicas, readRestartPolicy } from './deploy.ts';
import { readDeviceRequests } from './device-requests.ts';
import { readDeviceCgroupRules, readDevices } from './devices.ts';
import { readWholeEnvironment } from './env-files.ts';
import { type Field, type FieldEntry, refusalAt } from './field.ts';
import { type ContentScope, type FileObjects, readFileMounts } from './file-objects.ts';
import { readHealthcheck } from './healthcheck.ts';
import { readHooks } from './hooks.ts';
import { readPlatform, readPullPolicy } from './image-policy.ts';
import { readImage } from './image-reference.ts';
import { checkKeys } from './known-keys.ts';
import { readWholeLabels } from './label-files.ts';
import { readLimits } from './limits.ts';
import { readLinks, readVolumesFrom, withUsedServices } from './links.ts';
import { readLogging } from './logging.ts';
import type { Mount, Service } from './model.ts';
import { type MountScope, readMounts } from './mounts.ts';
import { readNameResolution } from './name-resolution.ts';
import { readNamespaces, withNamespaceOwners } from './namespaces.ts';
import { readAttachments } from './networks.ts';
import { readPairs } from './pairs.ts';
import { readPorts } from './ports.ts';
import { readProcess } from './process.ts';
import { readSecurity } from './security.ts';
import { SERVICE_KEYS } from './specification.ts';
import { readTmpfs } from './tmpfs.ts';
import { readUpdateConfig } from './update-config.ts';
import { ignoredKey, type Warn } from './warn.ts';

/** What reading a service may ask. */
export interface ServiceScope extends MountScope, ContentScope {
  readonly networks: ReadonlySet<string>;
  readonly configs: FileObjects;
  readonly secrets: FileObjects;
  readonly warn: Warn;
}

/** Names that the engine takes inside container names; host names on networks have at most 63 characters. */
const SERVICE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;
/** Names of containers that the engine takes. */
const CONTAINER_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/;

/** Refuses a name that the engine would not take, where the name stands. Throws NAME_INVALID. */
export function checkServiceName({ key, keyAt, value }: FieldEntry): void {
  if (SERVICE_NAME.test(key)) return;
  throw refusalAt({ ...keyAt, field: value.path }, 'NAME_INVALID', {
    what: 'its name is not taken by the engine; [a-zA-Z0-9][a-zA-Z0-9._-]* of at most 63 characters is wanted',
  });
}

/** One service, resolved. */
export async function readService(name: string, field: Field, scope: ServiceScope): Promise<Service> {
  checkKeys(field, SERVICE_KEYS, scope.warn);
  checkDeploy(field.get('deploy'), scope.warn);
  const namespaces = readNamespaces(field);
  const used = { links: readLinks(field), volumesFrom: readVolumesFrom(field.get('volumes_from')) };
  const dependsOn = withNamespaceOwners(readDependencies(field.get('depends_on')), namespaces);
  return {
    name,
    image: imageOf(field, scope.warn),
    command: readCommand(field.get('command')),
    entrypoint: readEntrypoint(field.get('entrypoint')),
    environment: await readWholeEnvironment(field, scope),
    labels: await readWholeLabels(field, scope),
    ports: readPorts(field.get('ports'), field.get('expose')),
    mounts: await allMounts(field, scope),
    networks: namespaces.networkMode === '' ? readAttachments(field, scope.networks) : [],
    dependsOn: withUsedServices(dependsOn, used),
    healthcheck: readHealthcheck(field.get('healthcheck')),
    restart: readRestartPolicy(field),
    process: readProcess(field),
    limits: readLimits(field),
    security: await readSecurity(field, scope),
    namespaces,
    nameResolution: readNameResolution(field),
    devices: readDevices(field.get('devices')),
    deviceRequests: readDeviceRequests(field),
    deviceCgroupRules: readDeviceCgroupRules(field.get('device_cgroup_rules')),
    logging: readLogging(field.get('logging')),
    annotations: readAnnotations(field.get('annotations')),
    runtime: field.get('runtime')?.text() ?? '',
    storageOptions: readPairs(field.get('storage_opt')),
    ...used,
    platform: readPlatform(field.get('platform')),
    pullPolicy: readPullPolicy(field.get('pull_policy')),
    containerName: readContainerName(field.get('container_name')),
    replicas: readReplicas(field),
    hooks: readHooks(field, scope.variables),
    update: readUpdateConfig(field.get('deploy')),
  };
}

/** A fleet builds no image: `build` is fine only beside the name of what was built. */
function imageOf(field: Field, warn: Warn): string {
  const image = field.get('image');
  const build = field.entry('build');
  if (image !== undefined && !image.isNull) {
    if (build !== undefined)
      warn(ignoredKey({ ...build.keyAt, field: build.value.path }, 'builds images, and the image has a name'));
    return readImage(image);
  }
  if (build !== undefined)
    throw build.value.refusal(
      'COMPOSE_UNSUPPORTED_KEY',
      'it builds an image, which a fleet does once, elsewhere; the name of what was built, under image, is wanted',
    );
  throw field.refusal('COMPOSE_IMAGE_MISSING', 'it names no image; an image is wanted');
}

function readContainerName(field: Field | undefined): string {
  const name = field?.text() ?? '';
  if (field === undefined || name === '' || CONTAINER_NAME.test(name)) return name;
  throw field.refusal(
    'NAME_INVALID',
    `"${name}" is not taken by the engine; [a-zA-Z0-9][a-zA-Z0-9_.-]+ of at most 255 characters is wanted`,
  );
}

function readAnnotations(field: Field | undefined): Service['annotations'] {
  const annotations = readPairs(field);
  if (field === undefined || annotations.every(({ name }) => name !== '')) return annotations;
  throw field.refusal('COMPOSE_VALUE', 'one of them has no name, which the engine refuses; names are wanted');
}

async function allMounts(field: Field, scope: ServiceScope): Promise<readonly Mount[]> {
  const others = [
    ...(await readFileMounts(field.get('configs'), scope.configs)),
    ...(await readFileMounts(field.get('secrets'), scope.secrets)),
    ...readTmpfs(field.get('tmpfs')),
  ];
  if (others.length === 0) return readMounts(field.get('volumes'), scope);
  const mounts = new Map((await readMounts(field.get('volumes'), scope)).map((mount) => [mount.target, mount]));
  for (const mount of others) {
    if (mounts.has(mount.target))
      throw field.refusal('COMPOSE_CONFLICT', `two mounts have the target ${mount.target}; one is wanted`);
    mounts.set(mount.target, mount);
  }
  return [...mounts.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}
