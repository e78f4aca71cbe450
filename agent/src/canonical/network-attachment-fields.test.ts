import { ContainerSpec, NetworkAttachment, Service } from '@mooring/proto';
import { describe, expect, test } from 'vitest';
import { desiredFields } from './desired-fields.ts';
import { FieldsBuilder } from './fields.ts';
import { addNetworks } from './network-attachment-fields.ts';

const ID = '0123456789ab'.padEnd(64, 'c');
const NAMING = { networkKey: () => 'default', networkId: () => 'network' };

/** Aliases that an inspect shows, read. */
function observed(hostname: string, aliases: readonly string[]): string | undefined {
  const fields = new FieldsBuilder();
  const endpoint = { NetworkID: 'network', Aliases: aliases };
  addNetworks(
    fields,
    {
      Id: ID,
      Name: '/shop-web-1',
      Image: 'image',
      Config: { Hostname: hostname },
      HostConfig: { NetworkMode: 'shop_default' },
      NetworkSettings: { Networks: { shop_default: endpoint } },
    },
    NAMING,
  );
  return fields.build().get('networks.default.aliases');
}

/** Aliases that a service of that hostname must have. */
function desired(hostname: string, aliases: readonly string[]): string | undefined {
  const networks = [NetworkAttachment.fromPartial({ network: 'default', aliases: [...aliases] })];
  const container = ContainerSpec.fromPartial({ image: 'web', hostname, networks });
  const fields = desiredFields(Service.fromPartial({ name: 'web', container }), {
    stack: 'shop',
    name: 'shop-web-1',
    image: {},
    volumeName: (key) => key,
    paths: { content: () => '', tree: () => '', data: () => '' },
    mode: (text) => text,
    links: [],
  });
  return fields.get('networks.default.aliases');
}

describe('the names of a container on a network', () => {
  test('are the same whether the engine lists the hostname and the short id among them, as 20.10 does, or not', () => {
    const wanted = desired('box', ['other']);
    expect(observed('box', ['shop-web-1', 'web', 'other'])).toBe(wanted);
    expect(observed('box', ['shop-web-1', 'web', 'other', ID.slice(0, 12), 'box'])).toBe(wanted);
  });

  test('are the same where the hostname is an alias or the service itself', () => {
    expect(observed('box', ['shop-web-1', 'web', 'box', ID.slice(0, 12)])).toBe(desired('box', ['box']));
    expect(observed('web', ['shop-web-1', 'web', ID.slice(0, 12)])).toBe(desired('web', []));
  });

  test('differ where one is missing or one is more', () => {
    expect(observed('box', ['shop-web-1', 'web'])).not.toBe(desired('box', ['other']));
    expect(observed('box', ['shop-web-1', 'web', 'other', 'foreign'])).not.toBe(desired('box', ['other']));
  });
});
