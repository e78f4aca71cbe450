import { MooringError } from '@mooring/proto';
import type { FakeHost } from './host.fake.ts';
import type { FakeEngine } from './observe/engine.fake.ts';
import type { Engine } from './observe/engine.ts';
import type { Desired } from './plan/desired.ts';

/** A wire to the engine that is cut once the engine was changed so many times. */
export class Wire {
  cutAfter = Number.POSITIVE_INFINITY;

  readonly through = (engine: FakeEngine): Engine =>
    new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (target.changed.length >= this.cutAfter) throw cut();
          return Reflect.apply(value, target, args);
        };
      },
    });
}

function cut(): MooringError {
  return new MooringError('ENGINE_UNREACHABLE', 'Cannot reach the engine: the wire is cut; a whole one is wanted');
}

/** One pass, and the code of what it came to; undefined: all is well. */
export async function attempt(host: FakeHost, desired: Desired): Promise<string | undefined> {
  try {
    return (await host.pass(desired)).stacks[0]?.problem?.code;
  } catch (error) {
    if (error instanceof MooringError) return error.code;
    throw error;
  }
}
