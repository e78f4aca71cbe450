import { MooringError } from '@mooring/proto';
import type { InspectedConfig, InspectedContainer } from '../observe/inspected.ts';
import { type Fields, FieldsBuilder } from './fields.ts';
import { addHostConfig } from './host-config-fields.ts';
import { addMounts } from './mount-fields.ts';
import { addNetworks } from './network-attachment-fields.ts';
import { healthcheckFields, imageReference, stopSignal, variables } from './spellings.ts';

/** What reading an inspect needs to know of the stack. */
export interface Naming {
  /** Key in the bundle of the network with that name on the engine; undefined: none of the stack's. */
  networkKey(name: string): string | undefined;
  /** Id of the network that has the name now; undefined: there is none, or several. */
  networkId(name: string): string | undefined;
}

/** Labels that Mooring and docker compose set themselves: no one else's to change, and never compared. */
const OWN_LABELS = /^(?:io\.mooring\.|com\.docker\.compose\.)/;

/** The canonical form of a container as the engine shows it. Throws ENGINE_UNSUPPORTED where that has another form than the Engine API gives it. */
export function containerFields(inspected: InspectedContainer, naming: Naming): Fields {
  try {
    return fieldsOf(inspected, naming);
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    const message = 'Cannot read a container: the engine describes it in an unknown form; the Engine API is wanted';
    throw new MooringError('ENGINE_UNSUPPORTED', message, {
      hint: 'Put nothing between agent and engine that changes answers.',
      cause,
    });
  }
}

function fieldsOf(inspected: InspectedContainer, naming: Naming): Fields {
  const { Config, HostConfig } = inspected;
  const fields = new FieldsBuilder();
  fields.text('container_name', inspected.Name.replace(/^\//, ''));
  fields.text('image', imageReference(Config.Image ?? ''));
  fields.text('hostname', Config.Hostname).text('domainname', Config.Domainname);
  fields.flag('tty', Config.Tty).flag('stdin_open', Config.OpenStdin);
  fields.text(
    'stop_grace_period',
    Config.StopTimeout === undefined || Config.StopTimeout === null ? '' : `${Config.StopTimeout}s`,
  );
  addImageFields(fields, Config);
  addHostConfig(fields, HostConfig);
  addMounts(fields, inspected);
  addNetworks(fields, inspected, naming);
  return fields.build();
}

/** What a container has from its image where Compose sets nothing. */
export function imageFields(image: InspectedConfig): Fields {
  const fields = new FieldsBuilder();
  addImageFields(fields, image);
  for (const target of Object.keys(image.Volumes ?? {})) fields.text(`volumes.${target}`, 'anonymous');
  return fields.build();
}

function addImageFields(fields: FieldsBuilder, config: InspectedConfig): void {
  const entrypoint = typeof config.Entrypoint === 'string' ? [config.Entrypoint] : config.Entrypoint;
  fields.list('command', config.Cmd).list('entrypoint', entrypoint);
  for (const [name, value] of variables(config.Env ?? [])) fields.text(`environment.${name}`, value);
  for (const [name, value] of Object.entries(config.Labels ?? {})) {
    if (!OWN_LABELS.test(name)) fields.text(`labels.${name}`, `=${value}`);
  }
  fields.text('working_dir', config.WorkingDir?.replace(/(.)\/+$/, '$1')).text('user', config.User);
  fields.text('stop_signal', stopSignal(config.StopSignal ?? ''));
  for (const [path, value] of healthcheckFields(config.Healthcheck)) fields.text(path, value);
}
