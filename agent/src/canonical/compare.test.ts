import { describe, expect, test } from 'vitest';
import { compare, noLongerSet } from './compare.ts';

type Written = Readonly<Record<string, string>>;

/** Differences as `path: wanted, there`. */
function differences(desired: Written, observed: Written, more: { receipt?: Written; silent?: Written } = {}) {
  const fields = (written: Written | undefined) =>
    written === undefined ? undefined : new Map(Object.entries(written));
  const expected = {
    desired: new Map(Object.entries(desired)),
    receipt: fields(more.receipt),
    silent: fields(more.silent),
  };
  return compare(expected, new Map(Object.entries(observed))).map(
    ({ path, desired: wanted, observed: there }) => `${path}: ${wanted || '-'}, ${there || '-'}`,
  );
}

describe('comparing', () => {
  test('equal forms differ in nothing', () => {
    expect(differences({ user: '1', image: 'a' }, { image: 'a', user: '1' })).toEqual([]);
  });

  test('every field that differs is told, sorted, what is not set being a value', () => {
    expect(differences({ user: '1', init: 'true', tty: 'true' }, { user: '2', cpus: '5', init: 'true' })).toEqual([
      'cpus: -, 5',
      'tty: true, -',
      'user: 1, 2',
    ]);
  });

  test('what the engine chooses is as in the receipt; without one it is taken as it is', () => {
    expect(differences({}, { shm_size: '9', 'logging.options.max-size': '=1m' })).toEqual([]);
    const receipt = { shm_size: '8', runtime: 'runc' };
    expect(differences({}, { shm_size: '9', cpu_quota: '5' }, { receipt })).toEqual([
      'cpu_quota: -, 5',
      'runtime: runc, -',
      'shm_size: 8, 9',
    ]);
  });

  test('a ulimit that is not asked for is what the configuration of the engine says now, and one that is asked for is compared', () => {
    const receipt = { 'ulimits.core': '0:0', 'ulimits.nofile': '1:2' };
    expect(differences({}, { 'ulimits.nproc': '5:5' }, { receipt })).toEqual([]);
    expect(differences({ 'ulimits.nofile': '1:2' }, { 'ulimits.nofile': '3:4' }, { receipt })).toEqual([
      'ulimits.nofile: 1:2, 3:4',
    ]);
  });

  test('what is desired wins over the receipt', () => {
    expect(differences({ shm_size: '8' }, { shm_size: '9' }, { receipt: { shm_size: '9' } })).toEqual([
      'shm_size: 8, 9',
    ]);
  });

  test('a receipt decides nothing about what Compose alone sets', () => {
    expect(differences({}, { user: '1' }, { receipt: { user: '1' } })).toEqual(['user: -, 1']);
    expect(differences({}, {}, { receipt: { user: '1' } })).toEqual([]);
  });

  test('what no inspect shows is compared with how it was made; unknown is as it should be', () => {
    const desired = { platform: 'linux/arm64' };
    expect(differences(desired, {})).toEqual([]);
    expect(differences(desired, {}, { silent: desired })).toEqual([]);
    expect(differences(desired, {}, { silent: { platform: 'linux/amd64' } })).toEqual([
      'platform: linux/arm64, linux/amd64',
    ]);
    expect(differences({}, {}, { silent: { 'mount_options./data': 'nocopy' } })).toEqual([
      'mount_options./data: -, nocopy',
    ]);
    expect(differences(desired, {}, { silent: {} })).toEqual(['platform: linux/arm64, -']);
  });

  test("a host name of the container's own is no difference, one that is asked for is", () => {
    expect(differences({}, { hostname: '0123456789ab' })).toEqual([]);
    expect(differences({ hostname: 'box' }, { hostname: '0123456789ab' })).toEqual(['hostname: box, 0123456789ab']);
  });

  test('what is there or not as a whole goes without its details', () => {
    const attached = { 'networks.a.b': 'attached', 'networks.a.b.aliases': '["x"]' };
    expect(differences(attached, {})).toEqual(['networks.a.b: attached, -']);
    expect(differences({}, attached)).toEqual(['networks.a.b: -, attached']);
    expect(differences(attached, { ...attached, 'networks.a.b.aliases': '["y"]' })).toEqual([
      'networks.a.b.aliases: ["x"], ["y"]',
    ]);
  });
});

test('what was asked for and no longer is counts where only the engine knows what comes instead', () => {
  const before = new Map(Object.entries({ shm_size: '1', user: '1', runtime: 'x' }));
  expect(noLongerSet(before, new Map([['runtime', 'y']]))).toEqual(['shm_size']);
});
