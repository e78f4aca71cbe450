import { formatError, MooringError } from '@mooring/proto';
import { Command, CommanderError, Option } from 'commander';
import { VERSION } from '../version.ts';
import { addApprovingCommands } from './commands/approving.ts';
import { addChangingCommands } from './commands/changing.ts';
import { addCheckingCommands } from './commands/checking.ts';
import { addKeepingCommands } from './commands/keeping.ts';
import { addLocalCommands } from './commands/local.ts';
import { addPlanningCommands } from './commands/planning.ts';
import { addReadingCommands } from './commands/reading.ts';
import { addWatchingCommands } from './commands/watching.ts';
import { connectContext } from './connection.ts';
import { findContext } from './context.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { createOutput, type Format, type YamlWriter } from './output.ts';
import type { Hub, Session } from './session.ts';
import { refuseDoubtfulOptions } from './strict-options.ts';
import { systemError } from './system-error.ts';
import { escapeControls } from './table.ts';

interface GlobalOptions {
  readonly output: Format;
  readonly hub?: string;
  readonly context?: string;
  readonly yes?: true;
}

/** Runs one command of `mooring` and sets the exit code. The one funnel for errors: a line with the code, a hint, never a stack. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  endQuietlyWithPipe();
  const connection: { hub?: Promise<Hub & { close(): void }> } = {};
  const program = createProgram(connection);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  } finally {
    // A connection that failed was reported above.
    await connection.hub?.then(
      (hub) => hub.close(),
      () => undefined,
    );
  }
}

function createProgram(connection: { hub?: Promise<Hub & { close(): void }> }): Command {
  const program = new Command('mooring')
    .description('GitOps for fleets of plain Docker hosts')
    .version(VERSION, '-V, --version', 'print the version')
    .addOption(
      new Option('-o, --output <format>', 'how results are printed')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .option('--hub <hub>', "unix:PATH of the hub's socket, or HOST:PORT with a context's certificate")
    .option('--context <name>', 'a context by name or file')
    .option('-y, --yes', 'answer yes to every question')
    .option('--no-color', 'no colours')
    .showSuggestionAfterError()
    .showHelpAfterError('Run with --help to see what is wanted.')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  const session = createSession(program, connection);
  for (const add of [
    addReadingCommands,
    addWatchingCommands,
    addPlanningCommands,
    addChangingCommands,
    addApprovingCommands,
    addCheckingCommands,
    addLocalCommands,
    addKeepingCommands,
  ])
    add(program, session);
  refuseDoubtfulOptions(program);
  return program;
}

function createSession(program: Command, connection: { hub?: Promise<Hub & { close(): void }> }): Session {
  const options = () => program.opts<GlobalOptions>();
  let formatYaml: YamlWriter | undefined;
  program.hook('preAction', async () => {
    if (options().output === 'yaml') ({ formatYaml } = await import('./yaml.ts'));
  });
  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  return {
    get out() {
      return createOutput(options().output, formatYaml);
    },
    interactive,
    get yes() {
      return options().yes === true;
    },
    hub: () => {
      connection.hub ??= connectContext(findContext(options(), process.env));
      return connection.hub;
    },
    exit: (code) => {
      process.exitCode = code;
    },
  };
}

function report(error: unknown): number {
  // Commander has printed its own message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  const known = error instanceof MooringError ? error : systemError(error);
  if (known !== undefined) {
    process.stderr.write(`${escapeControls(formatError(known))}\n`);
    return exitCodeOf(known.code);
  }
  const what = error instanceof Error ? error.message : String(error);
  process.stderr.write(`INTERNAL: Cannot finish the command: ${escapeControls(what)}; please report this\n`);
  return EXIT.error;
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
