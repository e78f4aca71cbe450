import { MooringError, type RenderProblem } from '@mooring/proto';
import { checkComposeFile } from '../compose/check-compose-file.ts';
import { parseEnvFile } from '../compose/env-file.ts';
import type { RepositoryReader, VariableSource } from '../compose/repository.ts';
import { type Choice, choices, chosen, type FleetMember, memberLayers } from './choose.ts';
import { type ClassInput, renderClass } from './class-renderer.ts';
import type { Fleet, FleetStack } from './fleet-file.ts';
import { readText } from './fleet-yaml.ts';
import type { ClassResult, MemoIndex } from './memo.ts';
import { isTransient, problemsOf } from './problem.ts';
import type { PlainObject } from './rendering.ts';
import { repositoryPath } from './repository-path.ts';
import type { ReadLimits } from './trace.ts';
import { builtInVariables, layered, type VariableLayer } from './variables.ts';

/** What came of one stack. */
export interface StackOutcome {
  readonly stack: FleetStack;
  /** By host; only those that it is for. */
  readonly hosts: ReadonlyMap<string, ClassResult>;
  /** Why the commit is refused whole. */
  readonly problems: readonly RenderProblem[];
  readonly warnings: readonly RenderProblem[];
  readonly objects: readonly PlainObject[];
  readonly classesRendered: number;
}

interface StackInput {
  readonly fleet: Fleet;
  readonly stack: FleetStack;
  readonly members: readonly FleetMember[];
  readonly repository: RepositoryReader;
  readonly index: MemoIndex;
  readonly limits: ReadLimits;
}

/** Renders one stack for every host that it is for, each class once. Does not throw: failures are problems. */
export async function renderStack(input: StackInput): Promise<StackOutcome> {
  const { fleet, stack, members, repository } = input;
  let environment: VariableLayer;
  try {
    environment = await readEnvironment(repository, stack);
  } catch (error) {
    return { ...nothing(stack), problems: problemsOf(error, { stack: stack.name }) };
  }
  const groups = choices(fleet, stack, members);
  const pass = new StackPass(input, environment);
  for (const group of groups) await pass.renderGroup(group);
  if (groups.length === 0) await pass.renderForNobody();
  const unchosen = await checkUnchosen(input, groups);
  return pass.outcome(unchosen);
}

/** The state of one pass over one stack. */
class StackPass {
  private readonly input: StackInput;
  private readonly environment: VariableLayer;
  private readonly hosts = new Map<string, ClassResult>();
  private readonly results = new Set<ClassResult>();
  private readonly objects: PlainObject[] = [];
  private readonly nobodysProblems: RenderProblem[] = [];
  private rendered = 0;

  constructor(input: StackInput, environment: VariableLayer) {
    this.input = input;
    this.environment = environment;
  }

  async renderGroup({ files, layers, members }: Choice): Promise<void> {
    const { stack, index } = this.input;
    const wanted = { stack: stack.name, folder: stack.folder, directory: stack.directory, files, after: stack.after };
    for (const member of members) {
      const variables = layered([...memberLayers(stack.name, member), ...layers, this.environment]);
      const known = await index.find(wanted, variables);
      const result = known?.result ?? (await this.renderAnew(wanted, variables));
      this.hosts.set(member.name, result);
      this.results.add(result);
    }
  }

  /** A stack that is for no host yet is tried all the same, unless it names what only a host would set. Nothing of it is published. */
  async renderForNobody(): Promise<void> {
    const { fleet, stack, repository, limits } = this.input;
    const { files, layers } = chosen(fleet, stack, []);
    const variables = layered([builtInVariables(stack.name, undefined), ...layers, this.environment]);
    const { entry, unset } = await renderClass(
      { stack: stack.name, folder: stack.folder, directory: stack.directory, files, after: stack.after },
      { repository, variables, limits },
    );
    if (entry.result.kind === 'failed' && unset.length === 0) this.nobodysProblems.push(...entry.result.problems);
  }

  private async renderAnew(wanted: ClassInput, variables: VariableSource): Promise<ClassResult> {
    const { repository, limits, index } = this.input;
    const output = await renderClass(wanted, { repository, variables, limits });
    this.rendered += 1;
    this.objects.push(...output.objects);
    // Within this pass even a failure that may pass is remembered: a thousand hosts need not meet it a thousand times.
    await index.add(output.entry, output.memorable);
    return output.entry.result;
  }

  outcome(unchosen: readonly RenderProblem[]): StackOutcome {
    const { stack } = this.input;
    const results = [...this.results];
    const failures = results.flatMap((result) => (result.kind === 'failed' ? result.problems : []));
    const failsEverywhere = results.length > 0 && results.every((result) => result.kind === 'failed');
    // A broken object store is nobody's own problem: no host may lose a stack to it.
    const refusing = failsEverywhere ? failures : failures.filter(isTransient);
    return {
      stack,
      hosts: this.hosts,
      problems: [...refusing, ...this.nobodysProblems, ...unchosen],
      warnings: results.flatMap((result) => (result.kind === 'rendered' ? result.warnings : [])),
      objects: this.objects,
      classesRendered: this.rendered,
    };
  }
}

function nothing(stack: FleetStack): StackOutcome {
  return { stack, hosts: new Map(), problems: [], warnings: [], objects: [], classesRendered: 0 };
}

/** Variables of the `.env` file in the stack's folder, if there is one. */
async function readEnvironment(repository: RepositoryReader, stack: FleetStack): Promise<VariableLayer> {
  const path = repositoryPath(stack.folder, '.env') ?? '.env';
  const entry = await repository.lookup(path);
  if (entry === undefined) return {};
  const text = await readText(entry, path);
  try {
    return parseEnvFile(text);
  } catch (error) {
    if (!(error instanceof MooringError)) throw error;
    const place = { ...error.place, file: path };
    throw new MooringError(error.code, error.message, { place, hint: error.hint, cause: error });
  }
}

/** Files that are listed but merged for nobody are read all the same, so that a mistake does not wait for its first host. */
async function checkUnchosen(
  { stack, repository }: StackInput,
  groups: readonly Choice[],
): Promise<readonly RenderProblem[]> {
  const used = new Set(groups.flatMap((group) => group.files));
  const listed = new Set([...stack.compose, ...stack.overlays.flatMap((overlay) => overlay.compose)]);
  const problems: RenderProblem[] = [];
  for (const file of listed) {
    if (used.has(file)) continue;
    try {
      await checkComposeFile({ path: repositoryPath(stack.folder, file) ?? file, repository });
    } catch (error) {
      problems.push(...problemsOf(error, { stack: stack.name }));
    }
  }
  return problems;
}
