// The tests of the whole on real parts. Ends with `N passed, N failed` alone on a line. What fails is run once more by itself: engines, networks and
// disks are the machine's, and whoever shares it may have had them. What then passes is named all the same: it is a defect, of the test or of Mooring.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');
const PROJECTS = ['unit', 'style', 'sim', 'conformance', 'e2e', 'e2e-timed'];
/** Files that are run again: where more fail, something is broken. */
const MAX_AGAIN = 3;

/** Runs tests to their end: how it ended, and what it says of each file. */
async function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-report-'));
  const report = join(folder, 'report.json');
  const projects = PROJECTS.flatMap((name) => ['--project', name]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawn('vitest', ['run', ...projects, ...reporters, ...args], { cwd: root, stdio: 'inherit' });
  const code = await new Promise((done) => child.on('close', (code) => done(code ?? 1)));
  const { testResults, success } = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  return { passed: code === 0 && success, files: testResults };
}

const count = (files, status) =>
  files.flatMap(({ assertionResults }) => assertionResults).filter((one) => one.status === status).length;
const isBroken = ({ status }) => status === 'failed';

let { passed, files } = await vitest(process.argv.slice(2));
const broken = files.filter(isBroken).map(({ name }) => relative(root, name));
if (!passed && broken.length > 0 && broken.length <= MAX_AGAIN) {
  process.stdout.write(`\nFailed, and run once more by itself: ${broken.join(' ')}\n`);
  const again = await vitest(broken);
  files = [...files.filter((file) => !isBroken(file)), ...again.files];
  passed = again.passed;
  if (passed)
    process.stdout.write(`\nFailed at first and passed the second time, which is a defect: ${broken.join(' ')}\n`);
}
process.stdout.write(`${count(files, 'passed')} passed, ${count(files, 'failed')} failed\n`);
process.exit(passed && count(files, 'passed') > 0 ? 0 : 1);
