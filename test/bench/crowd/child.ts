import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What a child process can be asked: each verb takes one argument that can be copied, and answers once. */
export type Verbs = Readonly<Record<string, (argument: never) => unknown>>;

interface Question {
  readonly id: number;
  readonly verb: string;
  readonly argument: unknown;
}

type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly problem: string });

/** A process of the bench's own that answers questions; it ends with the bench, however that ends. */
export class Child<V extends Verbs> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #questions = 0;

  /** `file` stands in this folder; `flags` are Node's. */
  constructor(file: string, args: readonly string[], flags: Pick<ChildOptions, 'flags' | 'env'> = {}) {
    this.#process = fork(join(import.meta.dirname, file), [...args], {
      execArgv: [...(flags.flags ?? [])],
      env: { ...process.env, ...flags.env },
      serialization: 'advanced',
    });
    this.#process.on('message', (answer: Answer) => this.#heard(answer));
    this.#process.once('exit', (code, signal) => this.#gone(`${file} ended with ${code ?? signal}`));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  ask<K extends keyof V & string>(verb: K, argument: Parameters<V[K]>[0]): Promise<Awaited<ReturnType<V[K]>>> {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<V[K]>>>();
    this.#questions += 1;
    // The child answers each verb with its own type.
    this.#waiting.set(this.#questions, { resolve: resolve as (value: unknown) => void, reject });
    this.#process.send({ id: this.#questions, verb, argument } satisfies Question);
    return promise;
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  #heard(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('problem' in answer) waiting?.reject(new Error(answer.problem));
    else waiting?.resolve(answer.value);
  }

  #gone(how: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(how));
    this.#waiting.clear();
  }
}

interface ChildOptions {
  /** Node's own flags. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The child's end: answers until the bench is gone. */
export function answer(verbs: Verbs): void {
  process.on('message', ({ id, verb, argument }: Question) => {
    const perform = verbs[verb] as ((argument: unknown) => unknown) | undefined;
    Promise.resolve(argument)
      .then((value) => {
        if (perform === undefined) throw new Error(`there is no ${verb}`);
        return perform(value);
      })
      .then(
        (value) => process.send?.({ id, value }),
        (error: unknown) =>
          process.send?.({ id, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.once('disconnect', () => process.exit());
}
