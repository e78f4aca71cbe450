import type { InspectedContainer, InspectedMount } from '../observe/inspected.ts';
import type { FieldsBuilder } from './fields.ts';
import { numberOf, recordOf, recordsOf, textOf, textRecordOf } from './outside-data.ts';

// Names that the engine gives volumes nobody named: 64 hex digits.
const ANONYMOUS = /^[0-9a-f]{64}$/;
/** What the engine says of a bind where nothing was asked. */
const DEFAULT_PROPAGATION = 'rprivate';

/** One field a mount, by its target. `Mounts` tells binds and volumes whatever the container was made with; memory stands in HostConfig alone. */
export function addMounts(fields: FieldsBuilder, { HostConfig, Mounts }: InspectedContainer): void {
  for (const mount of Mounts ?? []) {
    if (mount.Type !== 'tmpfs') fields.text(`volumes.${mount.Destination}`, mountText(mount));
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

function mountText({ Type, Name, Source = '', RW, Propagation }: InspectedMount): string {
  if (Type === 'volume')
    return ANONYMOUS.test(Name ?? '') ? anonymousText(RW === false) : volumeText(Name ?? '', RW === false);
  return bindText({ type: Type, source: Source, readOnly: RW === false, propagation: Propagation ?? '' });
}

/** A named volume. */
export function volumeText(name: string, readOnly: boolean): string {
  return `volume ${name}${readOnly ? ' ro' : ''}`;
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
}: {
  readonly type?: string;
  readonly source: string;
  readonly readOnly: boolean;
  readonly propagation: string;
}): string {
  const spread = propagation === '' || propagation === DEFAULT_PROPAGATION ? '' : ` ${propagation}`;
  return `${type} ${source}${readOnly ? ' ro' : ''}${spread}`;
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
