import { type ErrorCode, formatError, MooringError } from '@mooring/proto';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { startAgent } from '../agent.ts';
import { type AgentConfig, DEFAULT_AUDIT_MS, DEFAULT_DATA, DEFAULT_PULL_SILENCE_MS, defaultDocker } from '../config.ts';
import { VERSION } from '../version.ts';
import { doctor } from './doctor.ts';
import { join } from './join.ts';
import { leave } from './leave.ts';
import { escapeControls, type Format, print } from './print.ts';
import { showStatus } from './status.ts';
import { refuseDoubtfulOptions } from './strict-options.ts';
import { systemError } from './system-error.ts';

const EXIT = { fine: 0, error: 1, usage: 2, unreachable: 4, denied: 5 } as const;
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set([
  'HUB_UNREACHABLE',
  'ENGINE_UNREACHABLE',
  'ENGINE_UNRESPONSIVE',
  'BROKER_UNREACHABLE',
]);
const DENIED: ReadonlySet<ErrorCode> = new Set([
  'TOKEN_EXPIRED',
  'TOKEN_USED',
  'TOKEN_UNKNOWN',
  'JOIN_REFUSED',
  'CERT_MISSING',
  'CERT_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_MISMATCH',
  'CERT_FORMAT',
  'AGENT_REVOKED',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
]);
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

interface Flags {
  readonly data: string;
  readonly docker: string;
  readonly output: Format;
}

/** Runs one command of `mooring-agent` and sets the exit code. The one funnel for errors: a line with the code, a hint, never a stack. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  endQuietlyWithPipe();
  const program = createProgram();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function createProgram(): Command {
  const program = new Command('mooring-agent')
    .description('keeps this host as its fleet says')
    .version(VERSION, '-V, --version', 'print the version')
    .option('--data <dir>', "the agent's folder", DEFAULT_DATA)
    .option('--docker <socket>', "the engine's Unix socket", socketPath, defaultDocker(process.env))
    .addOption(
      new Option('-o, --output <format>', 'how results are printed')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help to see what is wanted.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  const flags = () => program.opts<Flags>();
  program
    .command('join')
    .description('join the fleet that a join string invites to')
    .argument('<string>', 'what `mooring invite` printed; - reads it from stdin')
    .option('--replace', 'take a new identity for this host')
    .action(async (text: string, options: { replace?: true }) =>
      print(flags().output, await join(flags().data, text, options.replace === true)),
    );
  program
    .command('run')
    .description('run the agent in the foreground')
    .option('--audit <duration>', 'between full looks when nothing happens', duration, DEFAULT_AUDIT_MS)
    .option('--pull-silence <duration>', 'a pull of which nothing comes is given up', duration, DEFAULT_PULL_SILENCE_MS)
    .addOption(new Option('--log-level <level>').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .action((options: { audit: number; pullSilence: number; logLevel: AgentConfig['logLevel'] }) =>
      run({ ...flags(), auditMs: options.audit, pullSilenceMs: options.pullSilence, logLevel: options.logLevel }),
    );
  program
    .command('status')
    .description('how the running agent stands')
    .action(() => print(flags().output, showStatus(flags().data)));
  program
    .command('doctor')
    .description('check everything that the agent needs')
    .action(async () => {
      const result = await doctor(flags());
      print(flags().output, result);
      if (!result.ok) process.exitCode = EXIT.error;
    });
  program
    .command('leave')
    .description('leave the fleet: identity, containers and networks go; volumes and data stay')
    .option('--keep-containers', 'let everything run on')
    .option('-y, --yes', 'do not ask')
    .action(async (options: { keepContainers?: true; yes?: true }) => {
      const keepContainers = options.keepContainers === true;
      print(flags().output, await leave({ ...flags(), keepContainers, yes: options.yes === true }));
    });
  refuseDoubtfulOptions(program);
  return program;
}

async function run(config: AgentConfig): Promise<void> {
  const agent = await startAgent(config);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await agent.close();
}

function socketPath(text: string): string {
  return text.replace(/^unix:\/\//, '');
}

function duration(text: string): number {
  const [, count, unit] = /^(\d+)(s|m|h)$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (!(ms > 0)) throw new InvalidArgumentError('A duration such as 30s or 5m is wanted.');
  return ms;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  const known = error instanceof MooringError ? error : systemError(error);
  if (known === undefined) {
    process.stderr.write(
      `INTERNAL: Cannot finish the command: ${escapeControls(error instanceof Error ? error.message : String(error))}; please report this\n`,
    );
    return EXIT.error;
  }
  process.stderr.write(`${escapeControls(formatError(known))}\n`);
  if (UNREACHABLE.has(known.code)) return EXIT.unreachable;
  if (known.code === 'USAGE') return EXIT.usage;
  return DENIED.has(known.code) ? EXIT.denied : EXIT.error;
}

/** A reader that has seen enough (`| head -1`) is no error. */
function endQuietlyWithPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.fine);
      throw error;
    });
  }
}
