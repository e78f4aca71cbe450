import { describe, expect, it } from 'vitest';
import { renderFleet } from './render-fleet.ts';
import { MemoryTree } from './tree.fake.ts';

const web = (port: string) => `services: { web: { image: web:1, ports: ["${port}"] } }\n`;
const HOSTS = [
  { name: 'web-1', labels: { role: 'web', extra: 'yes' } },
  { name: 'web-2', labels: { role: 'web' } },
];

function render(ports: Readonly<Record<string, string>>, hosts: Readonly<Record<string, string>> = {}) {
  const stacks = Object.keys(ports).map((name) => `  ${name}: { hosts: "${hosts[name] ?? 'role=web'}" }\n`);
  const files = Object.entries(ports).map(([name, port]) => [`stacks/${name}/compose.yaml`, web(port)]);
  const repository = new MemoryTree({
    'fleet.yaml': `version: 1\nstacks:\n${stacks.join('')}`,
    ...Object.fromEntries(files),
  });
  return renderFleet({ repository, inventory: HOSTS, memo: [] });
}

describe('two stacks that publish one port of a host', () => {
  it('are refused with both owners where they meet on every host', async () => {
    const result = await render({ blog: '80:8080', shop: '80:80' });
    expect(result).toMatchObject({
      kind: 'refused',
      problems: [{ code: 'PORT_CONFLICT', stack: 'shop', field: 'stacks.shop', file: 'fleet.yaml' }],
    });
    expect(result.kind === 'refused' && result.problems[0]?.message).toContain(
      '80/tcp of the host is published by blog/web and shop/web',
    );
  });

  it('concern the host alone where they meet on one of several', async () => {
    const result = await render({ blog: '80:8080', shop: '80:80' }, { blog: 'extra=yes' });
    if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems));
    expect(
      result.rendering.hosts.map(({ host, stacks, problems }) => [
        host,
        stacks.map(({ stack }) => stack),
        problems.map(({ code }) => code),
      ]),
    ).toEqual([
      ['web-1', ['blog'], ['PORT_CONFLICT']],
      ['web-2', ['shop'], []],
    ]);
  });

  it.each([
    ['bind addresses of their own', '127.0.0.1:80:80', '127.0.0.2:80:80'],
    ['speak other protocols', '53:53/udp', '53:53/tcp'],
    ['let the engine choose', '8000-8010:80', '8000-8010:80'],
  ])('are fine where they %s', async (_, blog, shop) => {
    expect((await render({ blog, shop })).kind).toBe('rendered');
  });
});
