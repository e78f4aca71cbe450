import { Writable } from 'node:stream';
import type Docker from 'dockerode';
import type { CommandBody, CommandEnd } from './engine.ts';

/** Bytes of what a command prints that are kept: its last words. */
const MAX_OUTPUT_BYTES = 4096;

/** Keeps the end of what is written to it. */
class Tail extends Writable {
  #kept = Buffer.alloc(0);

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-MAX_OUTPUT_BYTES);
    done();
  }

  get text(): string {
    return this.#kept.toString('utf8');
  }
}

/** Runs a command in a container and waits for its end. `signal` breaks off the wait; the command itself goes on then. */
export async function runCommand(
  docker: Docker,
  { id, command, signal }: { readonly id: string; readonly command: CommandBody; readonly signal: AbortSignal },
): Promise<CommandEnd> {
  const { Cmd, Env, ...rest } = command;
  const wanted = { ...rest, Cmd: [...Cmd], Env: [...Env], AttachStdout: true, AttachStderr: true };
  const exec = await docker.getContainer(id).exec({ ...wanted, abortSignal: signal });
  const stream = await exec.start({ hijack: false, stdin: false, abortSignal: signal });
  const output = new Tail();
  docker.modem.demuxStream(stream, output, output);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.once('end', resolve);
  stream.once('close', resolve);
  stream.once('error', reject);
  await promise;
  const { ExitCode } = await exec.inspect({ abortSignal: signal });
  return { exitCode: ExitCode ?? -1, output: output.text };
}
