import type { Mount } from '@mooring/proto';
import type { Difference } from '../canonical/compare.ts';
import { attributeOf } from '../canonical/fields.ts';
import type { ContentState, OwnContainer } from '../observe/observed.ts';
import type { DesiredStack } from './desired.ts';
import { judge, type Verdict, type WantedReplica } from './expectation.ts';
import { type Finding, isIgnored } from './finding.ts';
import { isPassingName } from './kept-name.ts';
import { linksOf } from './links.ts';
import { type LiveChange, liveChange } from './live-change.ts';
import { type MovedImage, movedImage, movedReason } from './moved-image.ts';
import { isFailedOneShot, isFinished } from './one-shot.ts';
import { overlaps } from './overlap.ts';
import { planAbsent } from './plan-absent.ts';
import { baseOf, finding, stateOf } from './replica-finding.ts';
import { followsRenewed, type ReplicaInput, sharedWord } from './replica-input.ts';
import { staleNamespace } from './stale-namespace.ts';
import type { ContainerStep, Step } from './step.ts';
import { unlessTaken } from './unless-taken.ts';

/** What one replica needs. At most one step changes its container; starting, restarting or unpausing may follow it. */
export function planReplica(desired: DesiredStack, wanted: WantedReplica, input: ReplicaInput): readonly Finding[] {
  const container = input.containers
    .get(wanted.service.name)
    ?.find((own) => own.replica === wanted.replica && !isPassingName(own.name));
  if (container === undefined) return planAbsent(desired, wanted, input);
  if (container.status !== 'removing' && container.status !== 'dead') {
    const findings = new PresentReplica({ desired, wanted, input, container }).findings();
    return unlessTaken(findings, { desired, wanted, input, own: container });
  }
  const again = (gone: string, back: string): readonly Step[] => [
    {
      kind: 'remove-container',
      stack: desired.stack,
      service: wanted.service.name,
      container,
      makesWay: true,
      reason: gone,
      fields: [],
    },
    { ...baseOf(desired, wanted), kind: 'create-container', reason: back, fields: [] },
  ];
  if (container.status === 'removing')
    return [
      {
        ...finding(wanted),
        kind: 'missing',
        desired: 'running',
        observed: 'absent',
        steps: again('its removal had begun', 'it was removed'),
      },
    ];
  return [{ ...stateOf(container, wanted), steps: again('it is dead', 'it was dead') }];
}

interface Present {
  readonly desired: DesiredStack;
  readonly wanted: WantedReplica;
  readonly input: ReplicaInput;
  readonly container: OwnContainer;
}

/** A replica whose container is there. */
class PresentReplica {
  readonly #parts: Present;
  readonly #verdict: Verdict;
  readonly #changed: boolean;
  readonly #moved: MovedImage | undefined;

  constructor(parts: Present) {
    this.#parts = parts;
    this.#verdict = judge(parts, parts.input);
    this.#changed = parts.container.specDigest !== parts.wanted.service.specDigest;
    this.#moved = isMoved(parts) ? movedImage(parts.wanted, parts.container, parts.input.observed) : undefined;
  }

  findings(): readonly Finding[] {
    const { wanted, input } = this.#parts;
    const change = this.#change();
    const state = this.#state(change);
    if (this.#changed)
      return [{ ...finding(wanted), kind: 'changed', steps: change === undefined ? [] : [change] }, ...state];
    const content = this.#contents();
    const drift = [...this.#drift(), ...this.#movedImage()];
    const follows = followsRenewed(wanted.service, input.renewed);
    // It follows whatever the drift mode: what it shares would be gone.
    if (change?.kind === 'replace-container' && (follows || drift.length === 0))
      return [{ ...finding(wanted), kind: 'changed', steps: [change] }, ...drift, ...content, ...state];
    return [...withStep(drift, change), ...content, ...state, ...this.#restarts(change)];
  }

  /** Differences that count: what is ignored is not compared. */
  #differences(): readonly Difference[] {
    const { desired, wanted } = this.#parts;
    const { differences } = this.#verdict;
    if (differences.length === 0) return differences;
    return differences.filter(({ path }) => !isIgnored(desired.ignore, `services.${wanted.service.name}.${path}`));
  }

  /** The one step that changes the container; undefined: it is as it should be. */
  #change(): ContainerStep | undefined {
    const { desired, wanted, container, input } = this.#parts;
    const differences = this.#differences();
    const follows = followsRenewed(wanted.service, input.renewed);
    const paths = [...differences.map(({ path }) => path), ...this.#verdict.dropped].sort();
    if (paths.length === 0 && !this.#changed && !follows && this.#moved === undefined) return undefined;
    if (this.#nameIsTaken(differences)) return undefined;
    const named = this.#moved === undefined ? paths : [...paths, 'image'].sort();
    const fields = [...new Set(named)].map((path) => `services.${wanted.service.name}.${path}`);
    const step = { ...baseOf(desired, wanted), fields };
    const reason = reasonFor(paths, this.#changed);
    const replace = {
      ...step,
      kind: 'replace-container',
      old: container,
      overlaps: overlaps(desired, wanted.service, container),
    } as const;
    if (follows)
      return { ...replace, reason: `a container whose ${sharedWord(wanted.service, input.renewed)} is another one` };
    if (this.#moved !== undefined) {
      const why = [...(paths.length === 0 ? [] : [reason]), movedReason(this.#moved)].join('; ');
      return { ...replace, reason: why };
    }
    if (paths.length === 0) {
      const same = 'its specification reads differently and asks for what is there';
      return { ...step, kind: 'keep-container', container, desired: this.#verdict.desired, reason: same };
    }
    const canLive = this.#verdict.dropped.length === 0 && !input.memory.isIneffective(container.id);
    const change = !canLive ? undefined : this.#live(differences);
    return change === undefined
      ? { ...replace, reason }
      : { ...step, kind: 'update-container', container, change, desired: this.#verdict.desired, reason };
  }

  #live(differences: readonly Difference[]): LiveChange | undefined {
    const { desired, wanted } = this.#parts;
    const links = linksOf(wanted.service, desired, wanted.replica);
    return liveChange(differences, { ...wanted, links, networks: desired.bundle.networks });
  }

  #nameIsTaken(differences: readonly Difference[]): boolean {
    const renamed = differences.some(({ path }) => path === 'container_name');
    return renamed && this.#parts.input.observed.foreignContainers.includes(this.#parts.wanted.name);
  }

  /** Fields that differ, without what is done about them. */
  #drift(): readonly Finding[] {
    const { wanted, container, input } = this.#parts;
    const differences = this.#differences();
    const left = this.#nameIsTaken(differences) ? 'a foreign container has the name; it is never touched' : '';
    return differences.map((difference): Finding => {
      const { path } = difference;
      const [shown, actual] = [difference.desired, difference.observed].map((text) =>
        shownText(path, text, input.mask),
      );
      const words = { field: path, desired: shown ?? '', observed: actual ?? '', name: container.name };
      const kind = left !== '' && path === 'container_name' ? 'conflict' : 'modified';
      return { ...finding(wanted), ...words, kind, steps: [], left };
    });
  }

  #movedImage(): readonly Finding[] {
    const { wanted, container } = this.#parts;
    if (this.#moved === undefined) return [];
    const { to, from } = this.#moved;
    const words = { field: 'image', desired: to, observed: from, name: container.name };
    return [{ ...finding(wanted), ...words, kind: 'image-moved', steps: [] }];
  }

  /** Mounted contents that somebody edited. What is put back is another inode: the container sees it after a restart. */
  #contents(): readonly Finding[] {
    const { desired, wanted, container, input } = this.#parts;
    return (wanted.service.container?.mounts ?? []).flatMap((mount): Finding[] => {
      const path = contentPath(mount, input);
      const state = path === undefined ? undefined : input.observed.contents.get(path);
      if (path === undefined || state === undefined) return [];
      const isOutdated = container.status === 'running' && state.sinceMs > container.startedAtMs + CLOCK_STEP_MS;
      if (state.damage === '' && !isOutdated) return [];
      const field = `volumes.${mount.target}`;
      const whole = `services.${wanted.service.name}.${field}`;
      if (isIgnored(desired.ignore, whole)) return [];
      const observed = contentText(state, input.mask);
      return [
        {
          ...finding(wanted),
          field,
          desired: 'the content in Git',
          observed,
          kind: 'modified',
          steps: this.#restore(path, whole, state),
        },
      ];
    });
  }

  #restore(path: string, field: string, { damage }: ContentState): readonly Step[] {
    const { desired, wanted, container } = this.#parts;
    const why = { reason: 'somebody changed what is mounted', fields: [field] };
    const restart: Step = {
      ...baseOf(desired, wanted),
      ...why,
      kind: 'restart-container',
      container,
      reason: 'what it mounts was put back',
    };
    const restore: Step = { ...why, kind: 'restore-content', stack: desired.stack, path };
    return [...(damage === '' ? [] : [restore]), ...(container.status === 'running' ? [restart] : [])];
  }

  /** Whether it runs. */
  #state(change: ContainerStep | undefined): readonly Finding[] {
    const { desired, wanted, container, input } = this.#parts;
    const { status } = container;
    // The engine itself starts a container again that its policy restarts.
    if (status === 'running' || status === 'restarting' || isFinished(container)) return [];
    const step = { ...baseOf(desired, wanted), container, fields: [`services.${wanted.service.name}.state`] };
    const state = stateOf(container, wanted);
    // A replacement starts by itself.
    if (change?.kind === 'replace-container') return [{ ...state, steps: [] }];
    if (status === 'paused')
      return [{ ...state, steps: [{ ...step, kind: 'unpause-container', reason: 'it is paused' }] }];
    if (isFailedOneShot(container, wanted.service, desired.bundle.services)) {
      const observed = `exited with ${container.exitCode}`;
      return [
        {
          ...state,
          desired: 'completed',
          observed,
          steps: [],
          left: 'it runs once for each specification, and it failed',
        },
      ];
    }
    if (input.memory.startNotBeforeMs(container.name, wanted.service.specDigest) > input.nowMs)
      return [{ ...state, steps: [], left: 'it ended soon after each start; the next start waits' }];
    return [{ ...state, steps: [{ ...step, kind: 'start-container', reason: `it is ${status}` }] }];
  }

  /** Whether it runs as it is and must start anew all the same. */
  #restarts(change: ContainerStep | undefined): readonly Finding[] {
    const { desired, wanted, container, input } = this.#parts;
    const stale = staleNamespace(wanted.service, container, input.observed);
    if (stale === undefined || change !== undefined) return this.#restartAfter(change);
    const { field, owner } = stale;
    const fields = [`services.${wanted.service.name}.${field}`];
    const reason = `${owner}, whose namespace it shares, was started after it`;
    const step: Step = { ...baseOf(desired, wanted), kind: 'restart-container', container, reason, fields };
    const words = { field, desired: `that of ${owner}`, observed: `one from before ${owner} was started again` };
    return [{ ...finding(wanted), ...words, kind: 'modified', name: container.name, steps: [step] }];
  }

  /** depends_on with restart: the service asked to be restarted with the one it depends on. */
  #restartAfter(change: ContainerStep | undefined): readonly Finding[] {
    const { desired, wanted, container, input } = this.#parts;
    const after = wanted.service.dependsOn.find(({ service, restart }) => restart && input.renewed.has(service));
    if (after === undefined || change !== undefined || container.status !== 'running') return [];
    const reason = `${after.service}, which it depends on, is replaced`;
    const fields = [`services.${wanted.service.name}.depends_on.${after.service}`];
    return [
      {
        ...finding(wanted),
        kind: 'changed',
        steps: [{ ...baseOf(desired, wanted), kind: 'restart-container', container, reason, fields }],
      },
    ];
  }
}

/** The first of several findings about one container carries the step that removes them all. */
function withStep(findings: readonly Finding[], step: Step | undefined): readonly Finding[] {
  return findings.map((one, index) => (index === 0 && step !== undefined ? { ...one, steps: [step] } : one));
}

/** What did its work once and for all runs no image any more, and an ignored field is not compared. */
function isMoved({ desired, wanted, container }: Present): boolean {
  if (isFinished(container) || isFailedOneShot(container, wanted.service, desired.bundle.services)) return false;
  return !isIgnored(desired.ignore, `services.${wanted.service.name}.image`);
}

function reasonFor(paths: readonly string[], changed: boolean): string {
  const attributes = [...new Set(paths.map(attributeOf))];
  const named =
    attributes.length > MAX_NAMED
      ? `${attributes.slice(0, MAX_NAMED).join(', ')} and ${attributes.length - MAX_NAMED} more`
      : attributes.join(', ');
  const verb = attributes.length === 1 ? 'differs' : 'differ';
  return changed ? `${named} changed in Git` : `${named} ${verb} from Git`;
}

/** Attributes that a reason names; the fields name all. */
const MAX_NAMED = 4;

/** File systems keep times in steps, and the engine tells a start a little late. */
const CLOCK_STEP_MS = 100;

function contentText({ damage }: ContentState, mask: (value: string) => string): string {
  if (damage === '') return 'the content from before it was put back';
  return damage.startsWith('sha256:') ? `another content (${mask(damage)})` : damage;
}

function contentPath({ source }: Mount, { paths }: ReplicaInput): string | undefined {
  if (source?.$case === 'file') return paths.content(source.value.digest, source.value.executable);
  return source?.$case === 'tree' ? paths.tree(source.value.digest) : undefined;
}

/** Values of the environment never leave the host. */
function shownText(path: string, text: string, mask: (value: string) => string): string {
  if (attributeOf(path) === 'environment') return text === '' ? 'not set' : `a value (${mask(text)})`;
  return text.startsWith('=') ? text.slice(1) : text;
}
