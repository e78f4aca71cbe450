import { checkLabelName, readLabels } from './environment.ts';
import type { Field } from './field.ts';
import { readImage } from './image-reference.ts';
import { checkKeys } from './known-keys.ts';
import type { Label } from './model.ts';
import { cleanTarget } from './mount-target.ts';
import { byName } from './pairs.ts';
import { readBytes } from './quantities.ts';
import { BIND_KEYS, IMAGE_MOUNT_KEYS, MOUNT_KEYS, TMPFS_KEYS, VOLUME_MOUNT_KEYS } from './specification.ts';

/** A mount as it is written, short or long. `readOnly` is absent where the file does not say. */
export interface WrittenMount {
  readonly type: 'volume' | 'bind' | 'tmpfs' | 'image';
  /** Empty: a volume without a name. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean | undefined;
  readonly propagation: string;
  readonly selinux: string;
  readonly noCopy: boolean;
  readonly mustExist: boolean;
  readonly sizeBytes: number;
  readonly mode: number;
  /** Of a volume or an image; empty: all of it. */
  readonly subpath: string;
  readonly volumeLabels: readonly Label[];
  readonly recursive: string;
}

const RECURSIVE = ['enabled', 'disabled', 'writable', 'readonly'];
const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** What docker compose ignores on Linux. Any other unknown option it ignores too; here a typing mistake is said. */
const MEANINGLESS = ['cached', 'delegated', 'consistent'];

/** One item of `volumes`. Throws COMPOSE_VOLUME. */
export function readWrittenMount(item: Field): WrittenMount {
  const written = item.node.kind === 'mapping' ? longForm(item) : shortForm(item);
  if (written.type !== 'bind' && written.propagation !== '')
    throw item.refusal('COMPOSE_VOLUME', 'only a bind has a propagation; a mount without it is wanted');
  if (written.type !== 'volume' && written.noCopy)
    throw item.refusal('COMPOSE_VOLUME', 'only a volume has nocopy; a mount without it is wanted');
  // What the engine refuses (moby, volume/mounts/linux_parser.go).
  if (['writable', 'readonly'].includes(written.recursive) && written.readOnly !== true)
    throw item.refusal('COMPOSE_VOLUME', `recursive: ${written.recursive} stands without read_only; both are wanted`);
  if (written.recursive === 'readonly' && written.propagation !== 'rprivate')
    throw item.refusal('COMPOSE_VOLUME', 'recursive: readonly stands without propagation: rprivate; both are wanted');
  return written;
}

/** What only the long form can say. */
const LONG_FORM_ONLY = {
  mustExist: false,
  sizeBytes: 0,
  mode: 0,
  subpath: '',
  volumeLabels: [],
  recursive: '',
} as const;

function shortForm(field: Field): WrittenMount {
  const text = field.text();
  const [first = '', second, options = '', more] = text.split(':');
  if (more !== undefined || first === '')
    throw field.refusal('COMPOSE_VOLUME', `"${text}" is no mount; "source:target[:ro]" is wanted`);
  const said = { ...readOptions(field, options), ...LONG_FORM_ONLY };
  if (second === undefined) return { ...said, type: 'volume', source: '', target: cleanTarget(field, first) };
  if (/^[a-zA-Z]$/.test(first)) {
    throw field.refusal(
      'COMPOSE_VOLUME',
      `"${first}:" reads as a Windows drive; a volume name of two or more characters is wanted`,
    );
  }
  const type = isPath(first) ? 'bind' : 'volume';
  return { ...said, type, source: first, target: cleanTarget(field, second) };
}

/** What begins like this is a path of the host, anything else the name of a volume. */
function isPath(source: string): boolean {
  return /^[./~]/.test(source);
}

type Options = Pick<WrittenMount, 'readOnly' | 'propagation' | 'selinux' | 'noCopy'>;

function readOptions(field: Field, text: string): Options {
  let options: Options = { readOnly: undefined, propagation: '', selinux: '', noCopy: false };
  for (const option of text === '' ? [] : text.split(',')) {
    if (option === 'ro' || option === 'rw') options = { ...options, readOnly: option === 'ro' };
    else if (option === 'z' || option === 'Z') options = { ...options, selinux: option };
    else if (option === 'nocopy') options = { ...options, noCopy: true };
    else if (PROPAGATIONS.includes(option)) options = { ...options, propagation: option };
    else if (!MEANINGLESS.includes(option))
      throw field.refusal('COMPOSE_VOLUME', `its option "${option}" is unknown; ro, rw, z, Z or nocopy is wanted`);
  }
  return options;
}

function longForm(field: Field): WrittenMount {
  checkKeys(field, MOUNT_KEYS);
  const type = readType(field);
  const target = field.get('target');
  if (target === undefined)
    throw field.refusal('COMPOSE_VOLUME', 'it names no target; a path inside the container is wanted');
  const [bind, tmpfs, volume, image] = ['bind', 'tmpfs', 'volume', 'image'].map((key) => field.get(key));
  if (bind !== undefined) checkKeys(bind, BIND_KEYS);
  if (tmpfs !== undefined) checkKeys(tmpfs, TMPFS_KEYS);
  if (volume !== undefined) checkKeys(volume, VOLUME_MOUNT_KEYS);
  if (image !== undefined) checkKeys(image, IMAGE_MOUNT_KEYS);
  const size = tmpfs?.get('size');
  return {
    type,
    source: sourceOf(field, type),
    target: cleanTarget(target, target.text()),
    readOnly: field.get('read_only')?.boolean(),
    propagation: oneOf(bind?.get('propagation'), PROPAGATIONS),
    selinux: oneOf(bind?.get('selinux'), ['z', 'Z']),
    noCopy: volume?.get('nocopy')?.boolean() ?? false,
    mustExist: bind?.get('create_host_path')?.boolean() === false,
    sizeBytes: size === undefined ? 0 : readBytes(size),
    mode: tmpfs?.get('mode')?.fileMode() ?? 0,
    // What belongs to another kind of mount means nothing, as in docker compose.
    subpath: readSubpath({ volume, image, bind: undefined, tmpfs: undefined }[type]?.get('subpath')),
    volumeLabels: type === 'volume' ? readVolumeLabels(volume?.get('labels')) : [],
    recursive: type === 'bind' ? readRecursive(bind?.get('recursive')) : '',
  };
}

function sourceOf(field: Field, type: WrittenMount['type']): string {
  const written = field.get('source');
  const source = written?.text() ?? '';
  if (type === 'bind' && source === '')
    throw field.refusal('COMPOSE_VOLUME', 'it is a bind without a source; a path is wanted');
  if (type === 'image' && (written === undefined || source === ''))
    throw field.refusal('COMPOSE_VOLUME', 'it is an image without a source; a reference is wanted');
  if (type === 'image' && written !== undefined) return readImage(written);
  return type === 'bind' && !isPath(source) ? `./${source}` : source;
}

function readType(field: Field): WrittenMount['type'] {
  const type = field.get('type')?.text() ?? 'volume';
  if (type === 'volume' || type === 'bind' || type === 'tmpfs' || type === 'image') return type;
  const refused = ['npipe', 'cluster'].includes(type);
  throw field.refusal(
    refused ? 'COMPOSE_UNSUPPORTED_KEY' : 'COMPOSE_VOLUME',
    refused
      ? `its type "${type}" is for Windows or Swarm only; volume, bind, tmpfs or image is wanted`
      : `its type "${type}" is unknown; volume, bind, tmpfs or image is wanted`,
  );
}

/** A path inside the volume or the image. The engine refuses one that leaves it. */
function readSubpath(field: Field | undefined): string {
  const text = field?.text() ?? '';
  if (field === undefined || text === '') return '';
  const isInside = !text.startsWith('/') && !text.split('/').includes('..');
  if (isInside) return text;
  throw field.refusal('COMPOSE_VOLUME', `"${text}" leaves what is mounted; a relative path inside it is wanted`);
}

/** Enabled is what engines do by themselves. */
function readRecursive(field: Field | undefined): string {
  const found = oneOf(field, RECURSIVE);
  return found === 'enabled' ? '' : found;
}

/** Labels as a mapping, or as a list of `name=value`. */
function readVolumeLabels(field: Field | undefined): readonly Label[] {
  if (field?.node.kind !== 'sequence') return readLabels(field);
  const labels = field.items().map((item) => {
    const [name = '', ...rest] = item.text().split('=');
    checkLabelName(item, name);
    return { name, value: rest.join('=') };
  });
  return labels.sort(byName);
}

function oneOf(field: Field | undefined, known: readonly string[]): string {
  const text = field?.text() ?? '';
  if (field === undefined || text === '' || known.includes(text)) return text;
  throw field.refusal('COMPOSE_VOLUME', `"${text}" is unknown; ${known.join(', ')} is wanted`);
}
