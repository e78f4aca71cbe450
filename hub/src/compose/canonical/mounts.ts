import { posix } from 'node:path';
import type { Field } from '../field.ts';
import type { Places } from './places.ts';
import { bytes, choice, flag, type Json, object, pairs, plainText } from './shapes.ts';

const PROPAGATIONS: readonly string[] = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

const LONG = object({
  bind: object({ create_host_path: flag, propagation: plainText, recursive: plainText, selinux: plainText }),
  consistency: plainText,
  image: object({ subpath: plainText }),
  read_only: flag,
  source: plainText,
  target: plainText,
  tmpfs: object({ mode: (field) => field.fileMode(), size: bytes }),
  type: plainText,
  volume: object({ labels: pairs(), nocopy: choice, subpath: plainText }),
});

/** One item of `volumes` as docker compose prints it. Throws COMPOSE_VOLUME. */
export function readMount(field: Field, places: Places): Json {
  const mount = field.node.kind === 'mapping' ? longForm(field) : shortForm(field);
  const { type, source, target } = mount;
  const place = typeof source === 'string' && type === 'bind' ? { source: places.absolute(source) } : {};
  return {
    ...mount,
    ...place,
    ...(typeof target === 'string' ? { target: posix.normalize(target).replace(/(.)\/$/, '$1') } : {}),
  };
}

type Mount = { readonly [key: string]: Json };

function longForm(field: Field): Mount {
  const { type = 'volume', ...mount } = LONG(field);
  if (mount['target'] === undefined)
    throw field.refusal('COMPOSE_VOLUME', 'it names no target; a path inside the container is wanted');
  if (type === 'bind' && mount['source'] === undefined)
    throw field.refusal('COMPOSE_VOLUME', 'it is a bind without a source; a path is wanted');
  return { type, ...mount };
}

function shortForm(field: Field): Mount {
  const written = field.text();
  const [first = '', second, options = '', more] = written.split(':');
  if (more !== undefined || first === '')
    throw field.refusal('COMPOSE_VOLUME', `"${written}" is no mount; "source:target[:ro]" is wanted`);
  if (second === undefined) return { type: 'volume', target: first, volume: {} };
  const isBind = /^[./~]/.test(first);
  const said = options === '' ? [] : options.split(',');
  const bind = {
    ...pick(
      'propagation',
      said.find((option) => PROPAGATIONS.includes(option)),
    ),
    ...pick(
      'selinux',
      said.find((option) => option === 'z' || option === 'Z'),
    ),
    ...(isBind ? { create_host_path: true } : {}),
  };
  return {
    type: isBind ? 'bind' : 'volume',
    source: first,
    target: second,
    ...(said.includes('ro') ? { read_only: true } : {}),
    ...(Object.keys(bind).length === 0 ? {} : { bind }),
    ...(isBind ? {} : { volume: said.includes('nocopy') ? { nocopy: true } : {} }),
  };
}

function pick(key: string, value: string | undefined): Mount {
  return value === undefined ? {} : { [key]: value };
}
