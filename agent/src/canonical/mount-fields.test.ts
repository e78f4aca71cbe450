import { describe, expect, test } from 'vitest';
import type { InspectedMount } from '../observe/inspected.ts';
import { FieldsBuilder } from './fields.ts';
import { addMounts } from './mount-fields.ts';

/** What one bind of the whole machine reads as. */
function read(HostConfig: Readonly<Record<string, unknown>>, propagation: string): string | undefined {
  const mount: InspectedMount = {
    Type: 'bind',
    Source: '/',
    Destination: '/host',
    RW: false,
    Propagation: propagation,
  };
  const fields = new FieldsBuilder();
  addMounts(fields, { Id: 'id', Name: '/name', Image: 'image', Config: {}, HostConfig, Mounts: [mount] });
  return fields.build().get('volumes./host');
}

describe('the propagation of a bind', () => {
  test('is nothing that was asked for where the engine chose it, as it does for a folder that holds its own', () => {
    expect(read({ Binds: ['/:/host:ro'] }, 'rslave')).toBe('bind / ro');
    expect(read({ Mounts: [{ Type: 'bind', Source: '/', Target: '/host', ReadOnly: true }] }, 'rslave')).toBe(
      'bind / ro',
    );
  });

  test('is what was asked for otherwise', () => {
    expect(read({ Binds: ['/:/host:ro,rslave'] }, 'rslave')).toBe('bind / ro rslave');
    expect(read({ Binds: ['/:/host:ro,shared'] }, 'shared')).toBe('bind / ro shared');
    const asked = { Type: 'bind', Source: '/', Target: '/host', BindOptions: { Propagation: 'rslave' } };
    expect(read({ Mounts: [asked] }, 'rslave')).toBe('bind / ro rslave');
  });

  test('is nothing where it is the default', () => {
    expect(read({ Binds: ['/:/host:ro'] }, 'rprivate')).toBe('bind / ro');
  });
});
