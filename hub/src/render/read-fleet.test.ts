import type { ErrorCode } from '@mooring/proto';
import { describe, expect, it } from 'vitest';
import { hintFor } from './hint.ts';
import { type FleetReading, readFleet } from './read-fleet.ts';
import { MemoryTree } from './tree.fake.ts';

function read(text: string): Promise<FleetReading> {
  return readFleet(new MemoryTree({ 'fleet.yaml': text }));
}

/** Hints are shown where they say more than the code does by itself. */
async function problems(text: string): Promise<readonly string[]> {
  const reading = await read(text);
  if (reading.kind === 'fleet') return [];
  return reading.problems.map(
    ({ code, file, line, column, field, hint }) =>
      `${code} ${file}:${line}:${column} ${field}${hint === hintFor(code as ErrorCode) ? '' : ` | ${hint}`}`,
  );
}

describe('fleet.yaml', () => {
  it('is read with its defaults', async () => {
    const reading = await read(`version: 1
vars: { ZONE: 3 }
hosts:
  web-1: { labels: { role: web, old: true }, vars: { PORT: 80 } }
  web-2:
stacks:
  shop:
    hosts: role=web
    overlays:
      - { hosts: [web-2], compose: [compose.eu.yaml], vars: { LOG: debug } }
  admin: { hosts: [web-1], path: teams/admin, directory: /opt/admin/, compose: [a.yaml, ../shared/b.yaml], drift: report, ignore: [services.web.image] }
`);
    if (reading.kind !== 'fleet') throw new Error(JSON.stringify(reading));
    expect(reading.fleet.vars).toEqual({ ZONE: '3' });
    expect(reading.fleet.hosts.get('web-1')).toEqual({ labels: { role: 'web', old: 'true' }, vars: { PORT: '80' } });
    expect(reading.fleet.hosts.get('web-2')).toEqual({ labels: {}, vars: {} });
    const [admin, shop] = reading.fleet.stacks;
    expect(admin).toMatchObject({
      name: 'admin',
      folder: 'teams/admin',
      directory: '/opt/admin',
      compose: ['a.yaml', '../shared/b.yaml'],
      driftMode: 2,
      ignore: ['services.web.image'],
    });
    expect(shop).toMatchObject({
      name: 'shop',
      folder: 'stacks/shop',
      directory: '',
      compose: ['compose.yaml'],
      driftMode: 1,
      ignore: [],
    });
    expect(shop?.overlays[0]).toMatchObject({ compose: ['compose.eu.yaml'], vars: { LOG: 'debug' } });
    expect(reading.warnings([{ name: 'web-1' }]).map(({ code, line, hint }) => ({ code, line, hint }))).toEqual([
      { code: 'FLEET_HOST_UNKNOWN', line: 5, hint: 'Did you mean web-1?' },
      { code: 'FLEET_HOST_UNKNOWN', line: 10, hint: 'Did you mean web-1?' },
    ]);
  });

  it('may be as good as empty', async () => {
    expect(await problems('version: 1\n')).toEqual([]);
    expect(await problems('version: 1\nhosts:\nstacks:\n')).toEqual([]);
  });

  it.each([
    ['hosts: {}\n', ['FLEET_VERSION fleet.yaml:1:1 version']],
    ['version: 2\n', ['FLEET_VERSION fleet.yaml:1:1 version']],
    ['version: "1"\n', ['FLEET_VERSION fleet.yaml:1:1 version']],
    ['version: 1\nstack: {}\n', ['FLEET_UNKNOWN_KEY fleet.yaml:2:1 stack | Did you mean stacks?']],
    [
      'version: 1\nhosts: { a: { lables: {} } }\n',
      ['FLEET_UNKNOWN_KEY fleet.yaml:2:15 hosts.a.lables | Did you mean labels?'],
    ],
    [
      'version: 1\nstacks: { s: { hosts: a, overlay: [] } }\n',
      ['FLEET_UNKNOWN_KEY fleet.yaml:2:26 stacks.s.overlay | Did you mean overlays?'],
    ],
    ...['opt/shop', '/', '/opt/../etc', '/opt//shop', '/opt/.'].map((directory): [string, string[]] => [
      `version: 1\nstacks: { s: { hosts: a, directory: ${directory} } }\n`,
      ['FLEET_TYPE fleet.yaml:2:26 stacks.s.directory'],
    ]),
    [
      'version: 1\nstacks: { s: { hosts: a, rollout: {} } }\n',
      ['FLEET_UNSUPPORTED_KEY fleet.yaml:2:26 stacks.s.rollout | Remove rollout.'],
    ],
    ['version: 1\nstacks: { s: { hosts: 3 } }\n', ['FLEET_TYPE fleet.yaml:2:16 stacks.s.hosts']],
    ['version: 1\nstacks: { s: {} }\n', ['FLEET_TYPE fleet.yaml:2:11 stacks.s.hosts']],
    ['version: 1\nstacks: { S: { hosts: a } }\n', ['FLEET_TYPE fleet.yaml:2:11 stacks.S']],
    ['version: 1\nstacks: { s: { hosts: "a=b=c" } }\n', ['FLEET_SELECTOR fleet.yaml:2:16 stacks.s.hosts']],
    [
      'version: 1\nstacks: { s: { hosts: a, compose: [../../../x] } }\n',
      ['COMPOSE_PATH_OUTSIDE fleet.yaml:2:36 stacks.s.compose[0]'],
    ],
    ['version: 1\nstacks: { s: { hosts: a, path: /etc } }\n', ['COMPOSE_PATH_OUTSIDE fleet.yaml:2:26 stacks.s.path']],
    ['version: 1\nvars: { MOORING_HOST: x }\n', ['NAME_INVALID fleet.yaml:2:9 vars.MOORING_HOST']],
    ['version: 1\nvars: { A: [1] }\n', ['FLEET_TYPE fleet.yaml:2:9 vars.A']],
    ['version: 1\nvars: { "A-B": 1 }\n', ['FLEET_TYPE fleet.yaml:2:9 vars.A-B']],
    ['version: 1\nhosts: { a: { labels: { role: "ü" } } }\n', ['FLEET_TYPE fleet.yaml:2:25 hosts.a.labels.role']],
    ['- 1\n', ['FLEET_TYPE fleet.yaml:1:1 ']],
  ])('%j is refused at its place', async (text, expected) => {
    expect((await problems(text)).map((line) => line.replace(/ $/, ' '))).toEqual(expected);
  });

  it('names every problem at once', async () => {
    expect(await problems('version: 1\nhost: {}\nstacks: { a: { hosts: "=" }, b: { host: x } }\n')).toHaveLength(3);
  });

  it('says what is wanted', async () => {
    const reading = await read('version: 1\nstacks: { s: { hosts: a, drift: fix } }\n');
    expect(reading.kind === 'refused' && reading.problems[0]?.message).toBe(
      'Cannot read stacks.s.drift in fleet.yaml: it has another form; correct or report is wanted',
    );
  });

  it('must be there', async () => {
    await expect(readFleet(new MemoryTree({}))).rejects.toMatchObject({ code: 'FLEET_FILE_MISSING' });
  });
});
