import type { InspectedContainer, InspectedMount } from '../observe/inspected.ts';
import type { FieldsBuilder } from './fields.ts';
import { numberOf, recordOf, recordsOf, textOf, textRecordOf, textsOf } from './outside-data.ts';

// Names that the engine gives volumes nobody named: 64 hex digits.
const ANONYMOUS = /^[0-9a-f]{64}$/;
/** What the engine says of a bind where nothing was asked. */
const DEFAULT_PROPAGATION = 'rprivate';

const PROPAGATIONS: ReadonlySet<string> = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

/** One field a mount, by its target. `Mounts` tells binds and volumes whatever the container was made with; memory stands in HostConfig alone. */
export function addMounts(fields: FieldsBuilder, inspected: InspectedContainer): void {
  const { HostConfig, Mounts } = inspected;
  const asked = askedMounts(HostConfig);
  for (const mount of Mounts ?? []) {
    if (mount.Type === 'tmpfs') continue;
    // A bind that holds the engine's own folder, such as `/`, becomes rslave where nothing was asked: nobody can change that afterwards.
    const own = asked.get(mount.Destination);
    if (isInherited(inspected, mount, own)) continue;
    const chosen = own?.propagation === '' ? { ...mount, Propagation: '' } : mount;
    fields.text(`volumes.${mount.Destination}`, mountText(chosen, own));
  }
  for (const [target, options] of Object.entries(textRecordOf(HostConfig['Tmpfs']))) {
    fields.text(`tmpfs.${target}`, tmpfsText(options));
  }
  for (const mount of recordsOf(HostConfig['Mounts'])) {
    if (mount['Type'] !== 'tmpfs') continue;
    const options = recordOf(mount['TmpfsOptions']);
    const readOnly = mount['ReadOnly'] === true;
    const text = memoryText({ sizeBytes: numberOf(options['SizeBytes']), mode: numberOf(options['Mode']), readOnly });
    fields.text(`volumes.${textOf(mount['Target'])}`, text);
  }
}

/** What a mount was made with that only HostConfig tells. */
interface AskedMount {
  /** Empty: none. */
  readonly propagation: string;
  readonly details: MountDetails;
}

/** What else is asked of a mount, in Compose's words; empty: nothing. */
export interface MountDetails {
  readonly subpath: string;
  readonly recursive: string;
}

/** By target. */
function askedMounts(hostConfig: InspectedContainer['HostConfig']): ReadonlyMap<string, AskedMount> {
  const binds = textsOf(hostConfig['Binds']).map((bind): [string, AskedMount] => {
    const [, target = '', options = ''] = bind.split(':');
    const propagation = options.split(',').find((option) => PROPAGATIONS.has(option)) ?? '';
    return [target, { propagation, details: NO_DETAILS }];
  });
  const mounts = recordsOf(hostConfig['Mounts']).map((mount): [string, AskedMount] => {
    const bind = recordOf(mount['BindOptions']);
    const subpaths = ['VolumeOptions', 'ImageOptions'].map((key) => textOf(recordOf(mount[key])['Subpath']));
    const details = { subpath: subpaths.join(''), recursive: recursionOf(bind) };
    return [textOf(mount['Target']), { propagation: textOf(bind['Propagation']), details }];
  });
  return new Map([...binds, ...mounts]);
}

const NO_DETAILS: MountDetails = { subpath: '', recursive: '' };

/** What becomes of mounts below the source of a bind, in Compose's words (docker compose, buildBindOption). */
function recursionOf(bind: Readonly<Record<string, unknown>>): string {
  if (bind['NonRecursive'] === true) return 'disabled';
  if (bind['ReadOnlyNonRecursive'] === true) return 'writable';
  return bind['ReadOnlyForceRecursive'] === true ? 'readonly' : '';
}

/**
 * Mounts that come with the volumes of another container are that one's to compare. Where its image asks for a volume too, either of the two may
 * be there: whichever came first.
 */
function isInherited(
  { HostConfig, Config }: InspectedContainer,
  mount: InspectedMount,
  asked: AskedMount | undefined,
): boolean {
  if (textsOf(HostConfig['VolumesFrom']).length === 0) return false;
  const isOfImage = Object.hasOwn(Config.Volumes ?? {}, mount.Destination);
  return asked === undefined || (isOfImage && mount.Type === 'volume' && ANONYMOUS.test(mount.Name ?? ''));
}

function mountText(mount: InspectedMount, asked: AskedMount | undefined): string {
  const { Type, Name = '', Source = '', RW, Propagation = '' } = mount;
  const { details = NO_DETAILS } = asked ?? {};
  const readOnly = RW === false;
  if (Type === 'image') return imageText(Name, details);
  if (Type === 'volume') return ANONYMOUS.test(Name) ? anonymousText(readOnly) : volumeText(Name, readOnly, details);
  return bindText({ type: Type, source: Source, readOnly, propagation: Propagation, recursive: details.recursive });
}

/** A named volume. */
export function volumeText(name: string, readOnly: boolean, { subpath }: Pick<MountDetails, 'subpath'>): string {
  return `volume ${name}${subpath === '' ? '' : ` folder ${subpath}`}${readOnly ? ' ro' : ''}`;
}

/** The files of an image. */
export function imageText(reference: string, { subpath }: Pick<MountDetails, 'subpath'>): string {
  return `image ${reference}${subpath === '' ? '' : ` folder ${subpath}`}`;
}

/** A volume without a name; which one it is does not matter. */
export function anonymousText(readOnly: boolean): string {
  return `anonymous${readOnly ? ' ro' : ''}`;
}

/** A path of the host. */
export function bindText({
  type = 'bind',
  source,
  readOnly,
  propagation,
  recursive,
}: {
  readonly type?: string;
  readonly source: string;
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly recursive: string;
}): string {
  const spread = propagation === '' || propagation === DEFAULT_PROPAGATION ? '' : ` ${propagation}`;
  return `${type} ${source}${readOnly ? ' ro' : ''}${spread}${recursive === '' ? '' : ` recursive=${recursive}`}`;
}

/** Memory as one of HostConfig.Mounts. */
export function memoryText({
  sizeBytes,
  mode,
  readOnly,
}: {
  readonly sizeBytes: number;
  readonly mode: number;
  readonly readOnly: boolean;
}): string {
  return `memory${sizeBytes === 0 ? '' : ` size=${sizeBytes}`}${mode === 0 ? '' : ` mode=${mode.toString(8)}`}${readOnly ? ' ro' : ''}`;
}

/** Memory as one of HostConfig.Tmpfs; the order of options does not matter. */
export function tmpfsText(options: string): string {
  return `memory ${options.split(',').sort().join(',')}`.trim();
}
