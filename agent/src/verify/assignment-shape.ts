import { type Assignment, DriftMode, isDigest, isStackName, MooringError, type StackAssignment } from '@mooring/proto';

/** Stacks and removals of one host: an engine with more containers than this gives is beyond what one agent reconciles. */
export const MAX_STACKS = 1000;
/** Ignore rules of one stack. */
const MAX_IGNORE_RULES = 256;
/** Characters of one ignore rule: a field path. */
const MAX_IGNORE_CHARACTERS = 512;
/** Allowances of one assignment: each names what a human agreed to. */
const MAX_ALLOWANCES = 256;
/** Characters of the sentences and names that are shown to people. */
const MAX_TEXT_CHARACTERS = 2048;

/** Refuses a signed assignment whose content makes no sense, before any of it is used. Throws ASSIGNMENT_FORMAT. */
export function checkAssignmentShape(assignment: Assignment): void {
  const { stacks, removals, allowances } = assignment;
  if (stacks.length + removals.length > MAX_STACKS) fail(`it names more than ${MAX_STACKS} stacks`);
  if (allowances.length > MAX_ALLOWANCES) fail(`it carries more than ${MAX_ALLOWANCES} allowances`);
  if (new Set(allowances.map(({ id }) => id)).size !== allowances.length) fail('an allowance is there twice');
  const names = [...stacks, ...removals].map(({ stack }) => stack);
  for (const name of names)
    if (!isStackName(name)) fail(`${JSON.stringify(name.slice(0, MAX_NAME_SHOWN))} is not a stack's name`);
  if (new Set(names).size !== names.length) fail('a stack is there twice');
  for (const text of [assignment.reason, assignment.actor]) checkText(text);
  for (const stack of stacks) checkStack(stack);
  if (stacks.length > 0 && assignment.sealedMaterial.byteLength === 0) fail('it has no sealed material');
}

/** Characters of a wrong name in a message. */
const MAX_NAME_SHOWN = 80;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})?$/;

/** What only a later release knows is refused: taken for what this one knows, it would be done otherwise than Git says. */
const DRIFT_MODES: ReadonlySet<number> = new Set(Object.values(DriftMode));

function checkStack({ stack, source, commit, release, driftMode, ignore, hold }: StackAssignment): void {
  if (release === undefined || !isDigest(release.bundle)) fail(`stack ${stack} names no bundle`);
  if (!COMMIT.test(commit)) fail(`stack ${stack} names a commit that is none`);
  if (!DRIFT_MODES.has(driftMode)) fail(`stack ${stack} has drift mode ${driftMode}, which this agent does not know`);
  if (ignore.length > MAX_IGNORE_RULES) fail(`stack ${stack} has more than ${MAX_IGNORE_RULES} ignore rules`);
  if (ignore.some((rule) => rule.length > MAX_IGNORE_CHARACTERS))
    fail(`stack ${stack} has an ignore rule that is too long`);
  for (const text of [source, hold?.owner ?? '', hold?.reason ?? '']) checkText(text);
}

function checkText(text: string): void {
  if (text.length > MAX_TEXT_CHARACTERS) fail(`a text in it is longer than ${MAX_TEXT_CHARACTERS} characters`);
}

function fail(what: string): never {
  throw new MooringError('ASSIGNMENT_FORMAT', `Cannot accept assignment: ${what}; a well-formed assignment is wanted`);
}
