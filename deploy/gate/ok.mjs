// The quick gate: every rule of the house. Prints one line a step; shows the output of those that fail. With --static it runs no test: for a run of
// all tests that follows.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
// A step that hangs is a failure; the slowest takes a minute on a cold machine.
const STEP_DEADLINE_MS = 10 * 60 * 1000;

/** Runs a command to its end. */
function run(command) {
  const started = Date.now();
  const child = spawn('bash', ['-c', command], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: STEP_DEADLINE_MS,
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  return new Promise((done) => child.on('close', (code) => done({ code, output, ms: Date.now() - started })));
}

const generated = mkdtempSync(join(tmpdir(), 'mooring-generated-'));
const breaking = existsSync(join(root, '.git'))
  ? 'buf breaking --against .git#branch=main'
  : 'echo "no history to compare with"';
const STEPS = [
  [['build', 'turbo run build --output-logs=errors-only --log-prefix=none']],
  [
    ['format and lint', 'biome ci . --diagnostic-level=error'],
    ['types', 'turbo run typecheck --output-logs=errors-only --log-prefix=none && tsc -p deploy/tsconfig.json'],
    ['unused code', 'knip'],
    ['protocol', `buf lint && ${breaking}`],
    ['generated code is fresh', `bash proto/generate.sh ${generated}/gen && diff -r ${generated}/gen proto/src/gen`],
  ],
  [['unit tests and boundaries', 'vitest run --project unit --project style --reporter=dot']],
];
const wanted = process.argv.includes('--static') ? STEPS.slice(0, -1) : STEPS;

let failed = 0;
for (const group of wanted) {
  const results = await Promise.all(group.map(async ([name, command]) => ({ name, ...(await run(command)) })));
  for (const { name, code, output, ms } of results) {
    const ok = code === 0;
    process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${name}  ${(ms / 1000).toFixed(1)} s\n`);
    if (!ok) {
      failed += 1;
      process.stdout.write(`${output.trimEnd()}\n`);
    }
  }
}
rmSync(generated, { recursive: true, force: true });
process.exit(failed === 0 ? 0 : 1);
