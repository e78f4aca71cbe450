// The tests of the whole on real parts. Ends with `N passed, N failed` alone on a line.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'mooring-report-'));
const report = join(folder, 'report.json');

function vitest(projects, args) {
  const child = spawn(
    'vitest',
    [
      'run',
      ...projects.flatMap((name) => ['--project', name]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  return new Promise((done) => child.on('close', (code) => done(code ?? 1)));
}

const projects = ['unit', 'style', 'sim', 'conformance', 'e2e', 'e2e-timed'];
const code = await vitest(projects, process.argv.slice(2));
const { numPassedTests, numFailedTests, success } = JSON.parse(readFileSync(report, 'utf8'));
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed\n`);
process.exit(code === 0 && success && numPassedTests > 0 ? 0 : 1);
