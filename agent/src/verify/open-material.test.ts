import { randomBytes } from 'node:crypto';
import { Assignment, assignmentSealContext, MAX_OBJECT_BYTES, SealedMaterial, sealForHost } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { openMaterial } from './open-material.ts';
import { FakeSigner } from './signer.fake.ts';

const signer = new FakeSigner();
const context = { fleetId: signer.fleetId, host: signer.host, generation: 7n };
const key = signer.seal(Buffer.from('upstream'));

const sealed = (plain: Uint8Array, as = context) =>
  Assignment.fromPartial({ ...context, sealedMaterial: sealForHost(signer.dataKey, assignmentSealContext(as), plain) });
const keys = (...objects: (typeof key)[]) => sealed(SealedMaterial.encode({ objects }).finish());
const refused = (code: string) => expect.objectContaining({ code });

describe('sealed material', () => {
  test('names each object by what it is called and by what it holds', () => {
    const material = openMaterial(keys(key), signer.dataKey);
    expect(material.byObject(key.object)).toMatchObject({ ...key, plainSize: 8 });
    expect(material.byContent(key.plainDigest)?.object).toBe(key.object);
    expect(material.byObject(key.plainDigest)).toBeUndefined();
    expect(material.all()).toHaveLength(1);
  });

  test('of a host that runs nothing is empty', () => {
    expect(openMaterial(Assignment.fromPartial(context), signer.dataKey).all()).toEqual([]);
  });

  test('of another key, host or generation does not open', () => {
    expect(() => openMaterial(keys(key), randomBytes(32))).toThrow(refused('ASSIGNMENT_SEAL'));
    const plain = SealedMaterial.encode({ objects: [key] }).finish();
    expect(() => openMaterial(sealed(plain, { ...context, host: 'web-2' }), signer.dataKey)).toThrow(
      refused('ASSIGNMENT_SEAL'),
    );
    expect(() => openMaterial(sealed(plain, { ...context, generation: 6n }), signer.dataKey)).toThrow(
      refused('ASSIGNMENT_SEAL'),
    );
  });

  test('that makes no sense is refused', () => {
    expect(() => openMaterial(sealed(Buffer.of(0xff, 0xff)), signer.dataKey)).toThrow(refused('ASSIGNMENT_FORMAT'));
    expect(() => openMaterial(keys(key, key), signer.dataKey)).toThrow(refused('ASSIGNMENT_FORMAT'));
    expect(() => openMaterial(keys({ ...key, object: '../x' }), signer.dataKey)).toThrow(refused('ASSIGNMENT_FORMAT'));
    expect(() => openMaterial(keys({ ...key, plainDigest: '' }), signer.dataKey)).toThrow(refused('ASSIGNMENT_FORMAT'));
  });

  test('may announce an object of 16 MiB and not a byte more', () => {
    const announced = (plainSize: bigint) => () => openMaterial(keys({ ...key, plainSize }), signer.dataKey);
    expect(announced(BigInt(MAX_OBJECT_BYTES))).not.toThrow();
    expect(announced(BigInt(MAX_OBJECT_BYTES) + 1n)).toThrow(refused('OBJECT_TOO_LARGE'));
  });
});
