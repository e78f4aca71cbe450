import type { ContainerFact, Issued, Timed } from './history.ts';
import { describe, known, type Oracle } from './oracle.ts';

/** What takes a running container away from whoever uses it. */
const DISTURBING: ReadonlySet<string> = new Set(['stop', 'remove', 'restart']);

/** A container that is as it should be goes on running, until an assignment wants something else or somebody touches it. */
export class NoNeedlessRestart implements Oracle {
  readonly name = 'no container is restarted without need';
  readonly #issued = new Map<string, Issued>();
  /** By host: what each sound container is, by its id. */
  readonly #sound = new Map<string, Map<string, string>>();
  readonly #wants = new Map<string, ReadonlySet<string>>();
  readonly #made = new Map<string, string>();

  take(fact: Timed): string | undefined {
    switch (fact.kind) {
      case 'issued':
        this.#issued.set(`${fact.host} ${fact.generation} ${fact.digest}`, fact);
        return undefined;
      case 'accepted': {
        const issued = this.#issued.get(`${known(fact.host)} ${fact.generation} ${fact.digest}`);
        this.#wants.set(fact.host, new Set((issued?.wants ?? []).map(wantOf)));
        this.#keepWanted(fact.host);
        return undefined;
      }
      case 'truth':
        for (const id of fact.sound) this.#found(fact.host, id);
        return undefined;
      case 'touched':
        if (fact.id === '') this.#sound.delete(fact.host);
        else this.#sound.get(fact.host)?.delete(fact.id);
        return undefined;
      case 'container':
        return this.#container(fact);
      default:
        return undefined;
    }
  }

  #container(fact: ContainerFact): string | undefined {
    const { host, by, action, id, name } = fact;
    if (action === 'create' || action === 'update') this.#made.set(`${host} ${id}`, wantOf(fact));
    const sound = this.#sound.get(host);
    const wasSound = sound?.has(id) === true && !name.includes('-kept-');
    if (by !== 'agent') sound?.delete(id);
    if (by !== 'agent' || !wasSound || !DISTURBING.has(action)) return undefined;
    sound?.delete(id);
    return `${describe(fact)}, which ran as it should`;
  }

  #found(host: string, id: string): void {
    const want = this.#made.get(`${host} ${id}`);
    if (want === undefined || this.#wants.get(host)?.has(want) !== true) return;
    const sound = this.#sound.get(host) ?? new Map<string, string>();
    this.#sound.set(host, sound.set(id, want));
  }

  #keepWanted(host: string): void {
    const wants = this.#wants.get(host);
    for (const [id, want] of this.#sound.get(host) ?? [])
      if (wants?.has(want) !== true) this.#sound.get(host)?.delete(id);
  }
}

function wantOf({
  stack,
  service,
  replica,
  spec,
}: Pick<ContainerFact, 'stack' | 'service' | 'replica' | 'spec'>): string {
  return [stack, service, replica, spec].join(' ');
}
