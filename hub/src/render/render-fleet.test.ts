import { Bundle, MooringError } from '@mooring/proto';
import { describe, expect, it } from 'vitest';
import { countCpuTime } from '../compose/cpu-time.fake.ts';
import { renderDeclared } from './render-declared.ts';
import { type FleetRendering, renderFleet } from './render-fleet.ts';
import type { InventoryHost, Rendering } from './rendering.ts';
import { MemoryTree } from './tree.fake.ts';

/** A reference to a variable, as Compose files write it. */
function reference(name: string, rest = ''): string {
  return `\${${name}${rest}}`;
}

const COMPOSE = `services:\n  web:\n    image: web:1\n    environment: { LOG: "${reference('LOG')}", SITE: "${reference('SITE', ':-none')}" }\n`;
const HOSTS: readonly InventoryHost[] = [
  { name: 'db-1', labels: { role: 'db' } },
  { name: 'web-1', labels: { role: 'web', region: 'eu' } },
  { name: 'web-2', labels: { role: 'web', region: 'us' } },
];

function rendered(result: FleetRendering): Rendering {
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems, undefined, 1));
  return result.rendering;
}

async function refusal(
  files: Record<string, string>,
  inventory: readonly InventoryHost[] = HOSTS,
): Promise<readonly string[]> {
  const result = await renderFleet({ repository: new MemoryTree(files), inventory, memo: [] });
  if (result.kind === 'rendered') return [];
  return result.problems.map(({ code, file, line, stack, host }) =>
    [code, `${file}:${line}`, stack, host].filter((part) => part !== '').join(' '),
  );
}

/** Environment of the first service of a stack on a host. */
function environment(rendering: Rendering, host: string, stack: string): Record<string, string | undefined> {
  const digest = rendering.hosts
    .find((each) => each.host === host)
    ?.stacks.find((each) => each.stack === stack)?.bundleDigest;
  const bundle = rendering.classes.find((each) => each.bundleDigest === digest)?.bundle;
  return Object.fromEntries(
    (bundle?.services[0]?.container?.environment ?? []).map(({ name, value }) => [name, value]),
  );
}

describe('rendering a fleet', () => {
  it('gives each host the stacks that select it, by labels from joining and from fleet.yaml', async () => {
    const repository = new MemoryTree({
      'fleet.yaml':
        'version: 1\nhosts: { db-1: { labels: { role: web } } }\nstacks: { shop: { hosts: role=web }, only: { hosts: [web-2], drift: report, ignore: [services.web.image] } }\n',
      'stacks/shop/compose.yaml': COMPOSE,
      'stacks/only/compose.yaml': COMPOSE,
    });
    const { hosts, classes, classesRendered } = rendered(await renderFleet({ repository, inventory: HOSTS, memo: [] }));
    expect(
      hosts.map(({ host, labels, stacks }) => [
        host,
        labels['role'],
        stacks.map(({ stack, driftMode }) => `${stack} ${driftMode}`),
      ]),
    ).toEqual([
      ['db-1', 'web', ['shop 1']],
      ['web-1', 'web', ['shop 1']],
      ['web-2', 'web', ['only 2', 'shop 1']],
    ]);
    expect(hosts[2]?.stacks[0]?.ignore).toEqual(['services.web.image']);
    expect(classes).toHaveLength(2);
    expect(classesRendered).toBe(2);
  });

  it('takes variables from the host, overlays, stack, fleet and .env, in this order, and sets its own', async () => {
    const names = [
      'HOST',
      'LATE',
      'EARLY',
      'STACK',
      'FLEET',
      'FILE',
      'MOORING_HOST',
      'MOORING_STACK',
      'MOORING_LABEL_REGION',
    ];
    const reversed = (to: number, value: string): string =>
      names
        .slice(0, to + 1)
        .map((name) => `${name}: ${value}`)
        .join(', ');
    const repository = new MemoryTree({
      'fleet.yaml': `version: 1
vars: { ${reversed(4, 'fleet')} }
hosts: { web-1: { vars: { ${reversed(0, 'host')} } } }
stacks:
  shop:
    hosts: [web-1]
    vars: { ${reversed(3, 'stack')} }
    overlays:
      - { hosts: region=eu, vars: { ${reversed(2, 'early')} } }
      - { hosts: [web-1], vars: { ${reversed(1, 'late')} } }
      - { hosts: [web-2], vars: { ${reversed(1, 'other')} } }
`,
      'stacks/shop/.env': names
        .slice(0, 6)
        .map((name) => `${name}=file\n`)
        .join(''),
      'stacks/shop/compose.yaml': `services: { web: { image: w, environment: { ${names.map((name) => `${name}: "\${${name}}"`).join(', ')} } } }\n`,
    });
    const rendering = rendered(await renderFleet({ repository, inventory: HOSTS, memo: [] }));
    expect(environment(rendering, 'web-1', 'shop')).toEqual({
      HOST: 'host',
      LATE: 'late',
      EARLY: 'early',
      STACK: 'stack',
      FLEET: 'fleet',
      FILE: 'file',
      MOORING_HOST: 'web-1',
      MOORING_STACK: 'shop',
      MOORING_LABEL_REGION: 'eu',
    });
  });

  it('enables profiles by a variable, for the hosts that have it', async () => {
    const repository = new MemoryTree({
      'fleet.yaml':
        'version: 1\nstacks: { shop: { hosts: role=web, overlays: [ { hosts: region=eu, vars: { COMPOSE_PROFILES: debug } } ] } }\n',
      'stacks/shop/compose.yaml':
        'services: { web: { image: w, env_file: web.env }, probe: { image: p, profiles: [debug] } }\n',
      'stacks/shop/web.env': 'A=1\n',
    });
    const { hosts, classes } = rendered(await renderFleet({ repository, inventory: HOSTS, memo: [] }));
    const servicesOf = (host: string) => {
      const digest = hosts.find((each) => each.host === host)?.stacks[0]?.bundleDigest;
      return classes.find(({ bundleDigest }) => bundleDigest === digest)?.bundle.services.map(({ name }) => name);
    };
    expect(servicesOf('web-1')).toEqual(['probe', 'web']);
    expect(servicesOf('web-2')).toEqual(['web']);
  });

  it('renders anew where an env file or an extended file changed, and not otherwise', async () => {
    const files = {
      'fleet.yaml': 'version: 1\nstacks: { shop: { hosts: [web-1] } }\n',
      'stacks/shop/compose.yaml':
        'services: { web: { image: w, env_file: web.env, extends: { file: base.yaml, service: base } } }\n',
      'stacks/shop/web.env': 'A=1\n',
      'stacks/shop/base.yaml': 'services: { base: { user: "1" } }\n',
      'stacks/shop/unread.env': 'A=1\n',
    };
    const first = await renderFleet({ repository: new MemoryTree(files), inventory: HOSTS, memo: [] });
    for (const [path, text, renderedAnew] of [
      ['web.env', 'A=2\n', 1],
      ['base.yaml', 'services: { base: { user: "2" } }\n', 1],
      ['unread.env', 'A=2\n', 0],
    ] as const) {
      const repository = new MemoryTree({ ...files, [`stacks/shop/${path}`]: text });
      const next = await renderFleet({ repository, inventory: HOSTS, memo: first.memo });
      expect(rendered(next).classesRendered).toBe(renderedAnew);
    }
  });

  it('takes relative binds from the directory of hosts that a stack names, and renders anew where that is another', async () => {
    const files = (directory: string) => ({
      'fleet.yaml': `version: 1\nstacks: { shop: { hosts: [web-1]${directory} } }\n`,
      'stacks/shop/compose.yaml':
        'services: { web: { image: w, volumes: [./in-git.conf:/a, ./data:/b, ../beside:/c, /srv:/d] } }\n',
      'stacks/shop/in-git.conf': 'a\n',
      'stacks/beside': 'b\n',
    });
    const sources = ({ classes }: Rendering) =>
      classes.flatMap(({ bundle }) => bundle.services[0]?.container?.mounts.map(({ source }) => source));
    const plain = await renderFleet({ repository: new MemoryTree(files('')), inventory: HOSTS, memo: [] });
    expect(sources(rendered(plain)).map((source) => source?.$case)).toEqual(['file', 'dataPath', 'file', 'hostPath']);
    const repository = new MemoryTree(files(', directory: /opt/shop'));
    const moved = rendered(await renderFleet({ repository, inventory: HOSTS, memo: plain.memo }));
    expect(moved.classesRendered).toBe(1);
    expect(sources(moved)).toEqual(
      ['/opt/shop/in-git.conf', '/opt/shop/data', '/opt/beside', '/srv'].map((value) => ({ $case: 'hostPath', value })),
    );
  });

  it('merges the files of overlays for the hosts that they are for', async () => {
    const repository = new MemoryTree({
      'fleet.yaml':
        'version: 1\nstacks: { shop: { hosts: role=web, overlays: [ { hosts: region=eu, compose: [eu.yaml] } ] } }\n',
      'stacks/shop/compose.yaml': COMPOSE,
      'stacks/shop/eu.yaml': 'services: { web: { environment: { REGION: eu } } }\n',
    });
    const rendering = rendered(await renderFleet({ repository, inventory: HOSTS, memo: [] }));
    expect(environment(rendering, 'web-1', 'shop')['REGION']).toBe('eu');
    expect(environment(rendering, 'web-2', 'shop')['REGION']).toBeUndefined();
  });

  it('refuses a commit in which a stack fails for all its hosts, or for none, and names all problems', async () => {
    const fleet = 'version: 1\nstacks: { a: { hosts: role=web }, b: { hosts: role=none }, c: { hosts: role=db } }\n';
    const files = {
      'fleet.yaml': fleet,
      'stacks/a/compose.yaml': 'services: { w: { imag: x } }\n',
      'stacks/b/compose.yaml': 'services: { w: { imag: x } }\n',
      'stacks/c/compose.yaml': COMPOSE,
    };
    expect(await refusal(files)).toEqual([
      'COMPOSE_UNKNOWN_KEY stacks/a/compose.yaml:1 a',
      'COMPOSE_UNKNOWN_KEY stacks/b/compose.yaml:1 b',
    ]);
  });

  it('refuses a commit that lists a broken file which nobody chose', async () => {
    const files = {
      'fleet.yaml':
        'version: 1\nstacks: { a: { hosts: role=web, overlays: [ { hosts: region=asia, compose: [asia.yaml] } ] } }\n',
      'stacks/a/compose.yaml': COMPOSE,
      'stacks/a/asia.yaml': 'services: [\n',
    };
    expect(await refusal(files)).toEqual([expect.stringMatching(/^YAML_SYNTAX stacks\/a\/asia\.yaml:\d a$/)]);
  });

  it('lets a host fail alone when its variables make the stack fail', async () => {
    const repository = new MemoryTree({
      'fleet.yaml': 'version: 1\nhosts: { web-1: { vars: { PORT: "80" } } }\nstacks: { shop: { hosts: role=web } }\n',
      'stacks/shop/compose.yaml': `services: { web: { image: w, ports: ["${reference('PORT', ':?which port')}:80"] } }\n`,
    });
    const { hosts } = rendered(await renderFleet({ repository, inventory: HOSTS, memo: [] }));
    expect(
      hosts.map(({ host, stacks, problems }) => [
        host,
        stacks.length,
        problems.map((problem) => `${problem.code} ${problem.host} ${problem.stack}`),
      ]),
    ).toEqual([
      ['db-1', 0, []],
      ['web-1', 1, []],
      ['web-2', 0, ['COMPOSE_VAR_UNDEFINED web-2 shop']],
    ]);
  });

  it('does not refuse a stack without hosts that only lacks what a host would set', async () => {
    const files = {
      'fleet.yaml': 'version: 1\nstacks: { shop: { hosts: role=none } }\n',
      'stacks/shop/compose.yaml': `services: { web: { image: w, ports: ["${reference('PORT', ':?which port')}:80"] } }\n`,
    };
    expect(await refusal(files)).toEqual([]);
    expect(await refusal({ ...files, 'stacks/shop/compose.yaml': 'services: [\n' })).toHaveLength(1);
  });

  it('forgets a failure that a later commit may mend without touching what was read', async () => {
    const files = {
      'fleet.yaml': 'version: 1\nstacks: { shop: { hosts: role=web } }\n',
      'stacks/shop/compose.yaml': COMPOSE,
    };
    const tree = new MemoryTree(files);
    const broken = {
      lookup: (path: string) =>
        path.endsWith('compose.yaml')
          ? Promise.reject(new MooringError('GIT_DUPLICATE_PATH', 'Cannot read it'))
          : tree.lookup(path),
    };
    const first = await renderFleet({ repository: broken, inventory: HOSTS, memo: [] });
    expect(first.kind).toBe('refused');
    expect(rendered(await renderFleet({ repository: tree, inventory: HOSTS, memo: first.memo })).classesRendered).toBe(
      1,
    );
  });

  it('names the .env file that cannot be read', async () => {
    const files = {
      'fleet.yaml': 'version: 1\nstacks: { shop: { hosts: role=web } }\n',
      'stacks/shop/compose.yaml': COMPOSE,
      'stacks/shop/.env': 'A="x\n',
    };
    expect(await refusal(files)).toEqual(['COMPOSE_VAR_SYNTAX stacks/shop/.env:1 shop']);
  });

  it('refuses a fleet without fleet.yaml, and a stack without its file', async () => {
    expect(await refusal({})).toEqual(['FLEET_FILE_MISSING fleet.yaml:0']);
    expect(await refusal({ 'fleet.yaml': 'version: 1\nstacks: { a: { hosts: role=web } }\n' })).toHaveLength(1);
  });

  it('hands out objects whose digests are theirs, for every bundle rendered', async () => {
    const repository = new MemoryTree({
      'fleet.yaml': 'version: 1\nstacks: { shop: { hosts: role=web } }\n',
      'stacks/shop/compose.yaml': COMPOSE,
    });
    const { classes, objects } = rendered(await renderFleet({ repository, inventory: HOSTS, memo: [] }));
    expect(objects.filter((object) => object.stack === 'shop').map((object) => object.plainDigest)).toEqual(
      classes.map((each) => each.bundleDigest),
    );
    expect(objects.map((object) => Bundle.decode(object.bytes))).toEqual(classes.map((each) => each.bundle));
  });

  it('renders for the hosts that fleet.yaml names, without a hub', async () => {
    const repository = new MemoryTree({
      'fleet.yaml':
        'version: 1\nhosts: { a: { labels: { role: web } } }\nstacks: { shop: { hosts: role=web }, more: { hosts: [b] } }\n',
      'stacks/shop/compose.yaml': COMPOSE,
      'stacks/more/compose.yaml': COMPOSE,
    });
    expect(
      rendered(await renderDeclared({ repository })).hosts.map(({ host, stacks }) => [
        host,
        stacks.map(({ stack }) => stack),
      ]),
    ).toEqual([
      ['a', ['shop']],
      ['b', ['more']],
    ]);
    expect(rendered(await renderDeclared({ repository, host: 'b' })).hosts).toHaveLength(1);
  });
});

describe('a fleet of 1,000 hosts and 20 stacks', () => {
  const inventory = Array.from({ length: 1000 }, (_, index) => ({
    name: `host-${index}`,
    labels: { role: `role-${index % 5}`, region: index % 2 === 0 ? 'eu' : 'us' },
  }));
  const stacks = Array.from({ length: 20 }, (_, index) => `stack-${index}`);
  const repository = new MemoryTree({
    'fleet.yaml': `version: 1\nstacks:\n${stacks.map((name) => `  ${name}: { hosts: "role", vars: { LOG: info }, overlays: [ { hosts: region=eu, vars: { LOG: debug } } ] }\n`).join('')}`,
    'README.md': 'hello',
    ...Object.fromEntries(stacks.map((name) => [`stacks/${name}/compose.yaml`, COMPOSE])),
  });

  it('renders one class when one stack changes, none when nothing rendered changes, and both quickly', async () => {
    const first = await renderFleet({ repository, inventory, memo: [] });
    expect(rendered(first).classesRendered).toBe(40);

    const unrelated = await renderFleet({
      repository: repository.with({ 'README.md': 'changed' }),
      inventory,
      memo: first.memo,
    });
    expect(rendered(unrelated).classesRendered).toBe(0);
    expect(rendered(unrelated).objects).toEqual([]);
    expect(rendered(unrelated).hosts).toEqual(rendered(first).hosts);

    const changedTree = repository.with({ 'stacks/stack-7/compose.yaml': COMPOSE.replace(reference('LOG'), 'fixed') });
    const spent = countCpuTime();
    const changed = await renderFleet({ repository: changedTree, inventory, memo: unrelated.memo });
    expect(spent()).toBeLessThan(1000);
    expect(rendered(changed).classesRendered).toBe(1);
    const digests = (of: FleetRendering): ReadonlySet<string> =>
      new Set(rendered(of).hosts.flatMap((host) => host.stacks.map((stack) => stack.bundleDigest)));
    expect([...digests(changed)].filter((digest) => !digests(first).has(digest))).toHaveLength(1);
  });
});
