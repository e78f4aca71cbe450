import { Visitor } from 'oxc-parser';
import type { Fault, Rule } from './rule.ts';
import type { Import, ParsedFile } from './source-file.ts';

const PURE = /^(hub\/src\/(compose|render|bundle|drift)|agent\/src\/(verify|plan|canonical))\//;
/** Modules outside the house that neither reach out nor depend on when they are called. */
const PURE_MODULES: readonly string[] = [
  '@mooring/proto',
  'node:buffer',
  'node:crypto',
  'node:path',
  'node:util',
  'node:zlib',
  'js-yaml',
  'shlex',
  'zod',
];
/** Pure functions of modules that otherwise reach out. */
const PURE_NAMES: Readonly<Record<string, readonly string[]>> = { 'node:net': ['isIP', 'isIPv4', 'isIPv6'] };
/** Members that answer differently each time. */
const MOODY: readonly string[] = ['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID'];
/** Functions that reach out, or run code later. */
const REACHING: readonly string[] = ['fetch', 'setTimeout', 'setInterval', 'setImmediate'];

const why =
  'a pure stage gives the same answer for the same question, so it is tested without a world and trusted twice';

/** What the pure stages may import and call. */
export const PURITY_RULES: readonly Rule[] = [
  {
    name: 'a pure stage imports no I/O',
    why,
    fix: 'let the stage that owns the effect do it, and pass the result in',
    find: (file) =>
      isPure(file)
        ? file.imports
            .filter((one) => !mayImport(one, file))
            .map((one) => ({ line: one.line, what: `imports ${one.specifier}` }))
        : [],
  },
  {
    name: 'a pure stage asks neither clock, chance nor environment',
    why,
    fix: 'take the value, such as `now`, as an argument',
    find: (file) => (isPure(file) ? impureCalls(file) : []),
  },
];

function isPure(file: ParsedFile): boolean {
  return file.shipped && PURE.test(file.path);
}

/** A type is gone when the program runs, so a pure stage may speak of what another stage observed. */
function mayImport(one: Import, file: ParsedFile): boolean {
  if (one.specifier === undefined) return false;
  if (one.specifier.startsWith('.')) return one.typeOnly || PURE.test(one.target) || isLeaf(one.target, file);
  if (PURE_MODULES.includes(one.specifier)) return true;
  return one.names.length > 0 && one.names.every((name) => PURE_NAMES[one.target]?.includes(name) ?? false);
}

function isLeaf(target: string, file: ParsedFile): boolean {
  return target.endsWith('.json') && target.startsWith(file.path.slice(0, file.path.lastIndexOf('/') + 1));
}

function impureCalls(file: ParsedFile): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (start: number, what: string) => faults.push({ line: file.lineOf(start), what });
  new Visitor({
    MemberExpression: (node) => {
      if (node.object.type !== 'Identifier') return;
      if (node.object.name === 'process' || node.object.name === 'globalThis') {
        add(node.start, `reads ${node.object.name}`);
      }
      const member = node.property.type === 'Identifier' ? `${node.object.name}.${node.property.name}` : '';
      if (MOODY.includes(member)) add(node.start, `uses ${member}`);
    },
    NewExpression: (node) => {
      const isDate = node.callee.type === 'Identifier' && node.callee.name === 'Date';
      if (isDate && node.arguments.length === 0) add(node.start, 'uses new Date() without an argument');
    },
    CallExpression: (node) => {
      if (node.callee.type !== 'Identifier') return;
      if (node.callee.name === 'Date') add(node.start, 'uses Date()');
      if (REACHING.includes(node.callee.name)) add(node.start, `calls ${node.callee.name}()`);
    },
  }).visit(file.program);
  return faults;
}
