import { EDGES } from './edges.ts';
import type { Fault, Rule } from './rule.ts';
import type { Import, ParsedFile } from './source-file.ts';

/** Who may import what. */
export const IMPORT_RULES: readonly Rule[] = [
  {
    name: 'every import can be read',
    why: 'an import that is computed passes by every rule about imports',
    fix: 'name the module in a literal',
    find: where(
      (one, file) => file.shipped && isOurs(file.path) && one.specifier === undefined,
      'imports a computed name',
    ),
  },
  {
    name: 'the protocol imports nothing of ours, and no I/O',
    why: 'hub and agent of different releases must read a message alike, so its meaning may hang on nothing else',
    fix: 'pass the value in, or move the code to the program that needs it',
    find: where((one, file) => file.path.startsWith('proto/src/') && !protocolMay(one, file)),
  },
  {
    name: 'hub and agent never import each other',
    why: 'they are released and upgraded apart, and meet only in the protocol',
    fix: 'move what both must agree about to proto/, and keep the rest twice',
    find: where((one, file) => {
      const other = ({ hub: 'agent', agent: 'hub' } as Readonly<Record<string, string>>)[topOf(file.path)];
      return other !== undefined && (topOf(one.target) === other || packageOf(one.target) === `@mooring/${other}`);
    }),
  },
  {
    name: 'a package is entered by its door',
    why: 'what a package promises is its index.ts, and what it lends to the simulator its door.fake.ts; everything behind may change without notice',
    fix: 'import from @mooring/<package>, and export there what is missing',
    find: where((one, file) => {
      const isFakes = file.path.startsWith('test/sim/') && /^@mooring\/(hub|agent)\/fakes$/.test(one.target);
      const inside = one.target.startsWith('@mooring/') && one.target !== packageOf(one.target) && !isFakes;
      const around = isRelative(one) && isOurs(one.target) && topOf(one.target) !== topOf(file.path);
      return inside || around;
    }),
  },
  {
    name: 'one outside library has one edge',
    why: 'a library is replaced, faked and given its deadlines in one place',
    fix: 'call the edge file of the library; test/style/edges.ts lists it',
    find: where((one, file) => {
      const edge = EDGES[packageOf(one.target)];
      return file.shipped && /^(hub|agent)\/src\//.test(file.path) && edge !== undefined && !edge.test(file.path);
    }),
  },
  {
    name: 'nobody imports main.ts',
    why: 'importing it starts the program',
    fix: 'import hub.ts or agent.ts, which start nothing until asked',
    find: where((one, file) => isOurs(file.path) && isRelative(one) && /\/main\.ts$/.test(one.target)),
  },
  {
    name: 'what ships imports neither tests nor fakes',
    why: 'tests and fakes are left out of the build, so the import fails where it runs',
    fix: 'move what both need to a file that ships',
    find: where(
      (one, file) =>
        file.shipped &&
        /^(hub|agent|proto)\/src\//.test(file.path) &&
        (/\.(test|fake)\.ts$/.test(one.target) || ['vitest', 'fast-check'].includes(packageOf(one.target))),
    ),
  },
];

function where(broken: (one: Import, file: ParsedFile) => boolean, what?: string) {
  return (file: ParsedFile): readonly Fault[] =>
    file.imports
      .filter((one) => broken(one, file))
      .map((one) => ({ line: one.line, what: what ?? `imports ${one.specifier}` }));
}

function protocolMay(one: Import, file: ParsedFile): boolean {
  if (isRelative(one)) return one.target.startsWith('proto/src/');
  if (packageOf(one.target).startsWith('@mooring/')) return false;
  if (!file.shipped) return true;
  if (packageOf(one.target) === '@grpc/grpc-js') return file.path.startsWith('proto/src/gen/');
  return one.target === 'node:crypto' || packageOf(one.target) === '@bufbuild/protobuf';
}

function isRelative(one: Import): boolean {
  return one.specifier?.startsWith('.') ?? false;
}

function isOurs(path: string): boolean {
  return /^(hub|agent|proto)\/src\//.test(path);
}

function topOf(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf('/')));
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
