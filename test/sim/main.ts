import { parseArgs } from 'node:util';
import { BUGS } from './bugs.ts';
import { type EpisodeOptions, type EpisodeResult, runEpisode } from './episode.ts';
import { FAULTS } from './faults.ts';
import { PowerCut } from './life.ts';
import { SEEDS } from './seeds.ts';

/** Scheduler events of one episode: long enough for several storms, short enough for many seeds. */
const EPISODE_STEPS = 25_000;
/** Episodes in which a planted bug must show. */
const BUG_SEEDS = 12;

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000000' },
    hosts: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1000' },
    bugs: { type: 'boolean', default: false },
    kept: { type: 'boolean', default: false },
    trace: { type: 'string' },
  },
});

const say = (line: string) => void process.stdout.write(`${line}\n`);

// What a program was in the middle of when its power went ends nowhere.
process.on('unhandledRejection', (error) => {
  if (!(error instanceof PowerCut)) throw error;
});

/** An episode in one line; a violation with what came before it, and how to see it again. */
function tell(
  { seed, steps, passedMs, rounds, faults, digest, violations, trace }: EpisodeResult,
  hosts: number,
): void {
  const count = [...faults.values()].reduce((sum, each) => sum + each, 0);
  const minutes = Math.round(passedMs / 60_000);
  say(`seed ${seed}: ${steps} steps, ${minutes} min, ${rounds} storms, ${count} faults, history ${digest}`);
  const [first] = violations;
  if (first === undefined) return;
  for (const line of trace) say(`    ${line}`);
  say(`  BROKEN: ${first.oracle}: ${first.what}`);
  say(
    `  at step ${first.step}, ${first.atMs / 1000} s; again: npm run sim -- --seed ${seed} --hosts ${hosts} --steps 1`,
  );
}

/** Hears every fact of one host. */
function tracing(host: string): EpisodeOptions['onFact'] {
  return (line, fact) => {
    if ('host' in fact && fact.host === host && fact.kind !== 'heard' && fact.kind !== 'outbox') say(line);
  };
}

async function longRun(): Promise<boolean> {
  const hosts = Number(values.hosts);
  const faults = new Map<string, number>();
  let steps = 0;
  let broken = 0;
  for (let seed = Number(values.seed); steps < Number(values.steps); seed += 1) {
    const onFact = values.trace === undefined ? undefined : tracing(values.trace);
    const onFault =
      onFact === undefined ? undefined : (name: string, atMs: number) => say(`== ${atMs / 1000} s ${name}`);
    const result = await runEpisode({ seed, hosts, steps: EPISODE_STEPS, onFact, ...(onFault && { onFault }) });
    tell(result, hosts);
    steps += result.steps;
    if (result.violations.length > 0) broken += 1;
    for (const [name, count] of result.faults) faults.set(name, (faults.get(name) ?? 0) + count);
  }
  say(`${steps} steps, ${broken} episodes broken`);
  for (const { name } of FAULTS) say(`  ${String(faults.get(name) ?? 0).padStart(6)} times: ${name}`);
  return broken === 0;
}

async function keptSeeds(): Promise<boolean> {
  let broken = 0;
  for (const { seed, hosts, why } of SEEDS) {
    say(why);
    const result = await runEpisode({ seed, hosts, steps: EPISODE_STEPS });
    tell(result, hosts);
    if (result.violations.length > 0) broken += 1;
  }
  return broken === 0;
}

/** Plants each bug, and looks for it in one episode after the other. */
async function plantedBugs(): Promise<boolean> {
  let hidden = 0;
  for (const bug of BUGS) {
    let found = false;
    for (let seed = 1; seed <= BUG_SEEDS && !found; seed += 1) {
      const { violations } = await runEpisode({ seed, hosts: 3, steps: EPISODE_STEPS, bug });
      const [first] = violations;
      if (first === undefined) continue;
      found = true;
      say(`found, seed ${seed}, step ${first.step}: ${bug.name}`);
      say(`  ${first.oracle}: ${first.what}`);
    }
    if (found) continue;
    hidden += 1;
    say(`NOT FOUND in ${BUG_SEEDS} seeds: ${bug.name}`);
  }
  return hidden === 0;
}

const began = process.cpuUsage();
const runs = [values.bugs && plantedBugs, values.kept && keptSeeds].filter((run) => run !== false);
const isGood = await (runs[0] ?? longRun)();
const { user, system } = process.cpuUsage(began);
process.stderr.write(`${((user + system) / 1e6).toFixed(1)} s of CPU\n`);
process.exitCode = isGood ? 0 : 1;
