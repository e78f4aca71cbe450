import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fleetJsonSchema } from './fleet-schema.ts';

const FILE = new URL('../../../deploy/fleet.schema.json', import.meta.url);

describe('deploy/fleet.schema.json', () => {
  it('is what fleet.yaml may hold (renew it with RENEW=1 and npm run format)', () => {
    const schema = fleetJsonSchema();
    if (process.env['RENEW'] === '1') writeFileSync(FILE, `${JSON.stringify(schema, undefined, 2)}\n`);
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(schema);
  });
});
