// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of Compose look like templates of TypeScript
import { Follow } from '../follow.ts';
import { GOOD_COMPOSE, type Place, SHOP } from '../place.ts';
import { type Group, type Row, titled } from '../row.ts';

const many = (count: number, item: (index: number) => string, between = '\n'): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(between);
const web = (attribute: string): string => `services:\n  web:\n    image: nginx\n    ${attribute}\n`;
const image = (reference: string): string => `services:\n  web:\n    image: ${reference}\n`;
const BOMB = many(10, (level) =>
  level === 0 ? 'a0: &a0 [x,x,x,x,x,x,x,x,x]' : `a${level}: &a${level} [${many(9, () => `*a${level - 1}`, ',')}]`,
);

/** What a Compose file must be refused with, and where; without a column where the file is not even parsed. */
type BadFile = readonly [number: number, input: string, text: string, code: string, at: string];

const FILES: readonly BadFile[] = [
  [21, 'a thousand lists in each other', `a: ${'['.repeat(1000)}${']'.repeat(1000)}`, 'YAML_TOO_DEEP', '1:\\d+'],
  [21, '500,000 lists that stay open', `a: ${'['.repeat(500_000)}`, 'YAML_TOO_DEEP', '1:\\d+'],
  [
    21,
    'a thousand blocks in each other',
    many(1000, (level) => `${' '.repeat(level)}a:`),
    'YAML_TOO_DEEP',
    '\\d+:\\d+',
  ],
  [22, 'an alias bomb', BOMB, 'YAML_TOO_MANY_NODES', '5:\\d+'],
  [
    22,
    'a bomb of merge keys',
    `a0: &a0 {${many(9000, (key) => `k${key}: 1`, ',')}}\n${many(1000, (level) => `a${level + 1}: &a${level + 1} {<<: *a${level}}`)}`,
    'YAML_TOO_MANY_NODES',
    '\\d+:\\d+',
  ],
  [23, 'an alias of itself', 'a: &a [*a]', 'YAML_RECURSIVE_ALIAS', '1:8'],
  [24, 'a text of 2 MB', `a: ${'x'.repeat(2_000_000)}`, 'FILE_TOO_LARGE', ''],
  [24, 'a text of 20 MB', `a: ${'x'.repeat(20_000_000)}`, 'FILE_TOO_LARGE', ''],
  [24, '200,000 values', `a: [${'1,'.repeat(200_000)}]`, 'YAML_TOO_MANY_NODES', '1:\\d+'],
  [25, 'a key that stands twice', 'services: {}\nservices: {}\n', 'YAML_DUPLICATE_KEY', '2:1'],
  [
    25,
    'the last of 40,000 keys stands twice',
    `x-a: {${many(40_000, (key) => `k${key}: 1`, ', ')}, k39999: 2}\n`,
    'YAML_DUPLICATE_KEY',
    '1:\\d+',
  ],
  [26, '__proto__', 'services:\n  __proto__: {}\n', 'YAML_FORBIDDEN_KEY', '2:3'],
  [26, 'constructor', 'services:\n  constructor: { image: x }\n', 'YAML_FORBIDDEN_KEY', '2:3'],
  [26, 'prototype, merged', 'x-a: &a { prototype: 1 }\nservices: { <<: *a }\n', 'YAML_FORBIDDEN_KEY', '1:11'],
  [27, 'a tag of JavaScript', 'services: !!js/function x', 'YAML_TAG', '1:11'],
  [27, 'a tag of nobody', web('ports: !replace ["80:80"]'), 'YAML_TAG', '4:12'],
  [28, 'two documents', 'services: {}\n---\nservices: {}\n', 'YAML_MULTI_DOC', '2:1'],
  [29, 'a tab', 'services:\n\tweb: 1\n', 'YAML_SYNTAX', '2:1'],
  [29, 'a quote that stays open', 'services:\n  web: "x\n', 'YAML_SYNTAX', '3:1'],
  [30, 'nothing', '', 'COMPOSE_EMPTY', '1:1'],
  [30, 'only a comment', '# nothing\n', 'COMPOSE_EMPTY', '1:1'],
  [30, 'a text', 'hello', 'COMPOSE_ROOT_TYPE', '1:1'],
  [30, 'a list', '- a', 'COMPOSE_ROOT_TYPE', '1:1'],
  [31, 'a number as a name', 'services:\n  1: { image: x }\n', 'YAML_KEY_TYPE', '2:3'],
  [31, 'a list as a key', 'services:\n  ? [a]\n  : { image: x }\n', 'YAML_KEY_TYPE', '2:3'],
  [32, 'an unknown key of the file', 'servces: {}\n', 'COMPOSE_UNKNOWN_KEY', '1:1.*Did you mean "services"'],
  [32, 'an unknown key of a service', web('comand: x'), 'COMPOSE_UNKNOWN_KEY', '4:5.*Did you mean "command"'],
  ...[
    'provider: { type: x }',
    'use_api_socket: true',
    'develop: { watch: [] }',
    'pre_start: [{ command: x }]',
    'credential_spec: { file: x }',
    'isolation: hyperv',
  ].map((key): BadFile => [33, key, web(key), 'COMPOSE_UNSUPPORTED_KEY', '4:5']),
  [33, 'build without an image', 'services:\n  web:\n    build: .\n', 'COMPOSE_UNSUPPORTED_KEY', '3:12'],
  [34, 'an include by OCI', 'include: [oci://example.com/x]\nservices: {}\n', 'COMPOSE_REMOTE_REF', '1:11'],
  [34, 'an include by Git', 'include: [https://example.com/x.git]\nservices: {}\n', 'COMPOSE_REMOTE_REF', '1:11'],
  [34, 'an include by SSH', 'include: ["git@example.com:x/y"]\nservices: {}\n', 'COMPOSE_REMOTE_REF', '1:11'],
  [
    34,
    'an include from outside of the repository',
    'include: [../../../x.yaml]\nservices: {}\n',
    'COMPOSE_PATH_OUTSIDE',
    '1:11',
  ],
  [34, 'a base by HTTP', web('extends: { file: http://example.com/x, service: a }'), 'COMPOSE_REMOTE_REF', '4:22'],
  [
    34,
    'a base from outside of the repository',
    web('extends: { file: ../../../x, service: a }'),
    'COMPOSE_PATH_OUTSIDE',
    '4:22',
  ],
  [35, 'a file that includes itself', 'include: [compose.yaml]\nservices: {}\n', 'COMPOSE_INCLUDE_CYCLE', '1:11'],
  [35, 'a base of itself', web('extends: { service: web }'), 'COMPOSE_EXTENDS_CYCLE', '4:\\d+'],
  [36, 'an environment file outside', web('env_file: ../../../x'), 'COMPOSE_PATH_OUTSIDE', '4:15'],
  [
    36,
    'a config outside',
    `${web('configs: [c]')}configs: { c: { file: ../../../x } }\n`,
    'COMPOSE_PATH_OUTSIDE',
    '5:23',
  ],
  [
    36,
    'an absolute secret',
    `${web('secrets: [s]')}secrets: { s: { file: /etc/shadow } }\n`,
    'COMPOSE_PATH_OUTSIDE',
    '5:23',
  ],
  [36, 'a mount outside', web('volumes: ["../../../x:/x:ro"]'), 'COMPOSE_PATH_OUTSIDE', '4:15'],
  [37, 'a variable that must be set', web('command: ${A:?say it}'), 'COMPOSE_VAR_UNDEFINED', '4:14.*say it'],
  [37, 'a variable that stays open', web('command: ${A'), 'COMPOSE_VAR_SYNTAX', '4:14'],
  [37, 'a brace alone', web('command: "${"'), 'COMPOSE_VAR_SYNTAX', '4:14'],
  [
    37,
    'defaults without end',
    web(`command: "${'${A:-'.repeat(100_000)}${'}'.repeat(100_000)}"`),
    'COMPOSE_VAR_SYNTAX',
    '4:14',
  ],
  [
    42,
    'two owners of a port',
    'services:\n  a: { image: x, ports: ["80:80"] }\n  b: { image: x, ports: ["0.0.0.0:80:81"] }\n',
    'PORT_CONFLICT',
    '3:\\d+',
  ],
  ...['"99999:80"', '-1', '"80:80:80:80"', '"80-82:80-81"', '"80/icmp"', '"1.2.3:80:80"'].map(
    (port): BadFile => [43, `the port ${port}`, web(`ports: [${port}]`), 'COMPOSE_PORT', '4:13'],
  ),
  [
    43,
    'every port of every service',
    `services:\n${many(5000, (index) => `  s${index}: { image: x, ports: ["1-20000"] }`)}`,
    'COMPOSE_PORT',
    '\\d+:\\d+',
  ],
  ...['""', 'Nginx', 'x'.repeat(300), 'nginx@sha256:abc', '"nginx:"', '"ng inx"'].map(
    (reference): BadFile => [44, `the image ${reference.slice(0, 20)}`, image(reference), 'IMAGE_REF', '3:12'],
  ),
  [46, 'an unknown dependency', web('depends_on: [db]'), 'COMPOSE_DEPENDS_UNKNOWN', '4:18'],
  [
    46,
    'a circle of dependencies',
    'services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a] }\n',
    'COMPOSE_DEPENDS_CYCLE',
    '3:31',
  ],
  [47, 'a size of 1ZB', web('mem_limit: 1ZB'), 'COMPOSE_QUANTITY', '4:16'],
  [47, 'less than no CPU', web('cpus: -1'), 'COMPOSE_QUANTITY', '4:11'],
  [47, 'an interval of a nanosecond', web('healthcheck: { test: x, interval: 1ns }'), 'COMPOSE_QUANTITY', '4:39'],
  [48, 'a boolean for text', web('restart: false'), 'COMPOSE_TYPE', '4:14'],
  [48, 'a number for text', image('012'), 'COMPOSE_TYPE', '3:12.*Quote'],
  [48, 'a date for text', web('environment: { A: 2024-01-01 }'), 'COMPOSE_TYPE', '4:23.*Quote'],
  [49, 'a label of ours', web('labels: { io.mooring.stack: x }'), 'LABEL_RESERVED', '4:33'],
  [49, 'a label of Compose', web('labels: ["com.docker.compose.project=x"]'), 'LABEL_RESERVED', '4:14'],
  [50, 'a service of 300 characters', `services:\n  ${'x'.repeat(300)}: { image: x }\n`, 'NAME_INVALID', '2:3'],
  [50, 'a service with an umlaut', 'services:\n  "bär": { image: x }\n', 'NAME_INVALID', '2:3'],
  [50, 'a service that climbs', 'services:\n  "../x": { image: x }\n', 'NAME_INVALID', '2:3'],
  [50, 'a project that climbs', 'name: ../x\nservices: { a: { image: x } }\n', 'COMPOSE_NAME', '1:7'],
];

/** What is wrong, what is wanted, and after it how to mend it. */
const SAID_WHOLE = /.*Cannot .+: .+; .+(?:wanted|read)[^.]*\. \S/;

const FLEET = 'fleet.yaml';
const FLEET_FILES: readonly BadFile[] = [
  [50, 'a stack of 300 characters', `version: 1\nstacks:\n  ${'s'.repeat(300)}: { hosts: a }\n`, 'FLEET_TYPE', '3:3'],
  [52, 'one host twice', 'version: 1\nhosts:\n  web-1: {}\n  web-1: {}\n', 'YAML_DUPLICATE_KEY', '4:3'],
  [53, 'volumes to delete, with a wildcard', 'version: 1\ndelete_volumes: ["*"]\n', 'FLEET_UNKNOWN_KEY', '2:1'],
  [105, 'an unknown key', 'version: 1\nstackss: {}\n', 'FLEET_UNKNOWN_KEY', '2:1.*stacks'],
  [105, 'a list for a mapping', 'version: 1\nstacks: [shop]\n', 'FLEET_TYPE', '2:1'],
  [105, 'no version', 'stacks: {}\n', 'FLEET_VERSION', '1:1'],
  [105, 'the version of a later release', 'version: 2\n', 'FLEET_VERSION', '1:1'],
  [
    105,
    'a key of a later release',
    'version: 1\nstacks: { shop: { hosts: a, rollout: {} } }\n',
    'FLEET_UNSUPPORTED_KEY',
    '2:\\d+',
  ],
  [
    105,
    'a selector that is none',
    'version: 1\nstacks: { shop: { hosts: "role in (" } }\n',
    'FLEET_SELECTOR',
    '2:\\d+',
  ],
  [
    110,
    'one stack twice',
    'version: 1\nstacks:\n  shop: { hosts: a }\n  shop: { hosts: b }\n',
    'YAML_DUPLICATE_KEY',
    '4:3',
  ],
];

/** Rows 21 to 50, 52, 53, 105 and 110: what stands in Compose files and in fleet.yaml, committed to the repository that a hub follows. */
export function composeRows(place: Place): Group {
  const follow = new Follow(place);
  const rows = (file: string, files: readonly BadFile[]): Row[] =>
    files.map(([number, input, text, code, at]) => ({
      number,
      input,
      wanted: new RegExp(`^(?=${SAID_WHOLE.source})${code} ${file}${at === '' ? '' : `:${at}`}`, 's'),
      give: () => follow.commit({ [file]: text }),
    }));
  const taken = (title: string, files: Readonly<Record<string, string>>, wanted: RegExp): Row => {
    return { ...titled(title), wanted, give: () => follow.commit(files) };
  };
  return {
    name: 'YAML, Compose and fleet.yaml',
    takers: [place.hubTaker],
    good: () => follow.good(),
    rows: [
      ...rows(SHOP, FILES),
      ...rows(FLEET, FLEET_FILES),
      taken('27: !reset and !override, which Compose has', { [SHOP]: web('ports: !override ["80:80"]') }, /^accepted$/),
      taken(
        '35: files that include each other',
        {
          [SHOP]: 'include: [b.yaml]\nservices: {}\n',
          'stacks/shop/b.yaml': 'include: [compose.yaml]\nservices: {}\n',
        },
        /^COMPOSE_INCLUDE_CYCLE stacks\/shop\/(b|compose)\.yaml:1:11/,
      ),
      taken(
        '36: a mount beside the folder of the stack, inside the repository',
        { [SHOP]: web('volumes: ["../../common:/x:ro"]'), 'common/file': 'x' },
        /^accepted$/,
      ),
      taken(
        '37: a variable that nobody sets',
        { [SHOP]: web('command: "a${UNSET}b"') },
        /^accepted \| COMPOSE_VAR_UNDEFINED stacks\/shop\/compose\.yaml:4:14/,
      ),
      taken(
        "38: a variable of the hub's own environment",
        { [SHOP]: web('command: "${MOORING_INPUTS_PROBE:?it is not read}"') },
        /^COMPOSE_VAR_UNDEFINED .*it is not read/,
      ),
      taken('42: a port of two stacks on one host', portClash(), /^PORT_CONFLICT|^accepted \| PORT_CONFLICT/),
      taken(
        '52: a host that nobody invited',
        { 'fleet.yaml': 'version: 1\nhosts: { web-9: {} }\nstacks: { shop: { hosts: [web-9] } }\n' },
        /FLEET_HOST_UNKNOWN fleet\.yaml:\d+:\d+: .*web-9/,
      ),
    ],
  };
}

function portClash(): Readonly<Record<string, string>> {
  const file = 'services: { a: { image: x, ports: ["80:80"] } }\n';
  return {
    'fleet.yaml': 'version: 1\nstacks: { shop: { hosts: [web-1] }, other: { hosts: [web-1] } }\n',
    [SHOP]: GOOD_COMPOSE.replace('{ image', '{ ports: ["80:80"], image'),
    'stacks/other/compose.yaml': file,
  };
}
