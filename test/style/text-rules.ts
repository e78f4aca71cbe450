import { type BlockStatement, type Node, Visitor, type VisitorObject } from 'oxc-parser';
import type { Fault, Rule } from './rule.ts';
import type { ParsedFile } from './source-file.ts';

const DRAWERS = /(^|\/)(utils?|helpers?|common|types|misc|shared)(?=[./])/;
const TESTS: readonly string[] = ['test', 'it', 'describe', 'suite', 'bench'];
const IDLE: readonly string[] = ['skip', 'only', 'todo', 'skipIf', 'runIf', 'fails'];

/** What a tool writes is no example of style. */
const GENERATED = 'proto/src/gen/';

/** How code of ours reads. */
export const TEXT_RULES: readonly Rule[] = [
  {
    name: 'no drawer',
    why: 'a file without a noun or a verb collects whatever has no home, and everything comes to import it',
    fix: 'name the file after the one thing it holds, in the folder that uses it',
    find: (file) => (DRAWERS.test(file.path) ? [{ line: 1, what: 'is named like a drawer' }] : []),
  },
  {
    name: 'no mark of unfinished work',
    why: 'what is written is finished; what is not is planned elsewhere',
    fix: 'do it now, or say in the comment what is so and why',
    find: (file) =>
      file.comments
        .filter((comment) => /\b(TODO|FIXME|XXX)\b/.test(comment.value))
        .map((comment) => ({ line: file.lineOf(comment.start), what: 'marks work as unfinished' })),
  },
  {
    name: 'no test is skipped, singled out or promised',
    why: 'a suite that leaves tests out is green and proves nothing',
    fix: 'mend the test or remove it',
    find: (file) =>
      visit(file, (add) => ({
        MemberExpression: (node) => {
          if (node.property.type !== 'Identifier' || !IDLE.includes(node.property.name)) return;
          if (TESTS.includes(rootName(node.object))) add(node.start, `uses .${node.property.name}`);
        },
      })),
  },
  {
    name: 'no cast to any',
    why: 'it switches the compiler off for everything that follows',
    fix: 'parse outside data into a type, or name the type',
    find: (file) =>
      visit(file, (add) => ({
        TSAsExpression: (node) => {
          if (node.typeAnnotation.type === 'TSAnyKeyword') add(node.start, 'casts to any');
        },
        TSTypeAssertion: (node) => {
          if (node.typeAnnotation.type === 'TSAnyKeyword') add(node.start, 'casts to any');
        },
      })),
  },
  {
    name: 'no error is swallowed in silence',
    why: 'what fails unseen is searched for longest',
    fix: 'handle the error, name the kind that may pass, or say in a comment why it may be ignored',
    find: (file) =>
      visit(file, (add) => ({
        CatchClause: (node) => {
          if (isSilent(node.body, file)) add(node.start, 'has an empty catch');
        },
      })),
  },
];

type Add = (start: number, what: string) => void;

function visit(file: ParsedFile, visitor: (add: Add) => VisitorObject): readonly Fault[] {
  if (file.path.startsWith(GENERATED)) return [];
  const faults: Fault[] = [];
  new Visitor(visitor((start, what) => faults.push({ line: file.lineOf(start), what }))).visit(file.program);
  return faults;
}

function isSilent(body: BlockStatement, file: ParsedFile): boolean {
  const explained = file.comments.some((comment) => comment.start > body.start && comment.end < body.end);
  return body.body.length === 0 && !explained;
}

/** The name a chain begins with: `test` of `test.concurrent.each`. */
function rootName(node: Node): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression') return rootName(node.object);
  return node.type === 'CallExpression' ? rootName(node.callee) : '';
}
