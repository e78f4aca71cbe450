import type { InspectedContainer, InspectedMount } from '../observe/inspected.ts';
import type { FieldsBuilder } from './fields.ts';
import { numberOf, recordOf, recordsOf, textOf, textRecordOf, textsOf } from './outside-data.ts';

// Names that the engine gives volumes nobody named: 64 hex digits.
const ANONYMOUS = /^[0-9a-f]{64}$/;
/** What the engine says of a bind where nothing was asked. */
const DEFAULT_PROPAGATION = 'rprivate';

const PROPAGATIONS: ReadonlySet<string> = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);

/** One field a mount, by its target. `Mounts` tells binds and volumes whatever the container was made with; memory stands in HostConfig alone. */
export function addMounts(fields: FieldsBuilder, { HostConfig, Mounts }: InspectedContainer): void {
  const asked = askedPropagations(HostConfig);
  for (const mount of Mounts ?? []) {
    if (mount.Type === 'tmpfs') continue;
    // A bind that holds the engine's own folder, such as `/`, becomes rslave where nothing was asked: nobody can change that afterwards.
    const chosen = asked.get(mount.Destination) === '' ? { ...mount, Propagation: '' } : mount;
    fields.text(`volumes.${mount.Destination}`, mountText(chosen));
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

/** The propagation that each bind was made with, by its target; empty: none. */
function askedPropagations(hostConfig: InspectedContainer['HostConfig']): ReadonlyMap<string, string> {
  const binds = textsOf(hostConfig['Binds']).map((bind): [string, string] => {
    const [, target = '', options = ''] = bind.split(':');
    return [target, options.split(',').find((option) => PROPAGATIONS.has(option)) ?? ''];
  });
  const mounts = recordsOf(hostConfig['Mounts']).map((mount): [string, string] => [
    textOf(mount['Target']),
    textOf(recordOf(mount['BindOptions'])['Propagation']),
  ]);
  return new Map([...binds, ...mounts]);
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
