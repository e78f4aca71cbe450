import type { ContainerSpec, Mount } from '@mooring/proto';
import { pairs } from '../canonical/pairs.ts';
import type { CreateInput } from './create-input.ts';

type Body = Readonly<Record<string, unknown>>;

/**
 * Binds, Mounts and Tmpfs of HostConfig, each mount in the form in which docker compose 2.40 makes it: Binds where they can say everything.
 */
export function mountsOf(input: CreateInput, spec: ContainerSpec): Body {
  const isBind = (mount: Mount) => !needsMount(input, mount);
  return {
    Binds: spec.mounts.filter(isBind).flatMap((mount) => bindOf(input, mount)),
    Mounts: [
      ...spec.mounts.flatMap((mount) => (isBind(mount) ? [] : mountOf(input, mount))),
      ...imageVolumes(input, spec),
    ],
    ...tmpfsOf(spec),
  };
}

/** Whether only HostConfig.Mounts can say it. What Mounts cannot say, relabelling, wins where the two meet in a bind that the engine may make. */
function needsMount({ makesMountpoints }: CreateInput, mount: Mount): boolean {
  const { source, selinux, noCopy, propagation, subpath, volumeLabels, recursive } = mount;
  switch (source?.$case) {
    case 'volume':
      return subpath !== '' || volumeLabels.length > 0 || (noCopy && selinux === '');
    case 'hostPath':
      if (mount.mustExist || recursive !== '') return true;
      return propagation !== '' && selinux === '' && makesMountpoints;
    case 'dataPath':
      return recursive !== '';
    case 'file':
    case 'tree':
      return false;
    default:
      return true;
  }
}

/** HostConfig.Binds, the form in which docker compose 2.40 makes binds and named volumes. */
function bindOf({ desired, paths }: CreateInput, mount: Mount): string[] {
  const { target, source } = mount;
  switch (source?.$case) {
    case 'volume': {
      return [`${volumeName(desired, source.value)}:${target}:${options(mount, mount.readOnly)}`];
    }
    case 'hostPath':
      return [`${source.value}:${target}:${options(mount, mount.readOnly)}`];
    case 'dataPath':
      return [`${paths.data(desired.stack, source.value)}:${target}:${options(mount, mount.readOnly)}`];
    case 'file':
      return [`${paths.content(source.value.digest, source.value.executable)}:${target}:${options(mount, true)}`];
    case 'tree':
      return [`${paths.tree(source.value.digest)}:${target}:${options(mount, true)}`];
    default:
      return [];
  }
}

function options({ noCopy, propagation, selinux }: Mount, readOnly: boolean): string {
  return [readOnly ? 'ro' : 'rw', selinux, propagation, noCopy ? 'nocopy' : '']
    .filter((option) => option !== '')
    .join(',');
}

function mountOf({ carriedOver, desired, paths }: CreateInput, mount: Mount): Body[] {
  const { target, readOnly, source } = mount;
  const place = { Target: target, ReadOnly: readOnly };
  switch (source?.$case) {
    case 'volume': {
      const name = volumeName(desired, source.value);
      return [{ Type: 'volume', Source: name, ...place, VolumeOptions: volumeOptions(mount) }];
    }
    case 'anonymous': {
      const before = carriedOver.get(target);
      const labels = mount.volumeLabels.length === 0 ? {} : { VolumeOptions: volumeOptions(mount) };
      return [{ Type: 'volume', ...place, ...(before === undefined ? {} : { Source: before }), ...labels }];
    }
    case 'hostPath':
      return [{ Type: 'bind', Source: source.value, ...place, BindOptions: bindOptions(mount) }];
    case 'dataPath':
      return [
        { Type: 'bind', Source: paths.data(desired.stack, source.value), ...place, BindOptions: bindOptions(mount) },
      ];
    case 'image': {
      const options = mount.subpath === '' ? {} : { ImageOptions: { Subpath: mount.subpath } };
      return [{ Type: 'image', Source: source.value.reference, ...place, ...options }];
    }
    case 'tmpfs': {
      if (source.value.options !== undefined) return [];
      const { sizeBytes, mode } = source.value;
      const set = {
        ...(sizeBytes === 0n ? {} : { SizeBytes: Number(sizeBytes) }),
        ...(mode === 0 ? {} : { Mode: mode }),
      };
      return [{ Type: 'tmpfs', ...place, TmpfsOptions: set }];
    }
    default:
      return [];
  }
}

function volumeName({ bundle }: CreateInput['desired'], key: string): string {
  return bundle.volumes.find((volume) => volume.key === key)?.name ?? key;
}

function volumeOptions({ noCopy, subpath, volumeLabels }: Mount): Body {
  return {
    ...(noCopy ? { NoCopy: true } : {}),
    ...(subpath === '' ? {} : { Subpath: subpath }),
    ...(volumeLabels.length === 0 ? {} : { Labels: pairs(volumeLabels) }),
  };
}

const RECURSION: Readonly<Record<string, Body>> = {
  disabled: { NonRecursive: true },
  writable: { ReadOnlyNonRecursive: true },
  readonly: { ReadOnlyForceRecursive: true },
};

function bindOptions({ propagation, mustExist, recursive }: Mount): Body {
  return {
    ...(propagation === '' ? {} : { Propagation: propagation }),
    ...(mustExist ? {} : { CreateMountpoint: true }),
    ...RECURSION[recursive],
  };
}

function tmpfsOf({ mounts }: ContainerSpec): Body {
  const entries = mounts.flatMap(({ target, source }) =>
    source?.$case === 'tmpfs' && source.value.options !== undefined ? [[target, source.value.options]] : [],
  );
  return entries.length === 0 ? {} : { Tmpfs: Object.fromEntries(entries) };
}

/** Volumes that the image itself asks for are carried over too. */
function imageVolumes({ carriedOver }: CreateInput, { mounts }: ContainerSpec): Body[] {
  const targets = new Set(mounts.map(({ target }) => target));
  const others = [...carriedOver].filter(([target]) => !targets.has(target));
  return others.map(([Target, Source]) => ({ Type: 'volume', Target, Source }));
}
