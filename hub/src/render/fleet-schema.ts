import { HOST_NAME_GRAMMAR, isHostName, isStackName, STACK_NAME_GRAMMAR } from '@mooring/proto';
import * as z from 'zod';
import { isLabelKey, isLabelValue } from './selector.ts';

/** Text, or a number or boolean that is taken as its text. */
const scalar = z
  .union([z.string(), z.number(), z.boolean()], { error: 'a text, a number or a boolean' })
  .transform((value) => String(value));

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'a name of letters, digits and _' });

const variables = z
  .record(variableName, scalar, { error: 'a mapping of variable names to texts' })
  .describe('Values of variables in Compose files.');

const labels = z
  .record(
    z.string().refine(isLabelKey, { error: 'a label key such as role or example.com/role' }),
    scalar.refine(isLabelValue, { error: 'a label value of at most 63 letters, digits and - _ .' }),
    { error: 'a mapping of label keys to values' },
  )
  .describe('Added to the labels a host joined with; these win.');

const hostName = z.string().refine(isHostName, { error: `a host name: ${HOST_NAME_GRAMMAR}` });
const path = z.string({ error: 'a path' }).min(1, { error: 'a path' });
const target = z
  .union([z.string(), z.array(hostName)], { error: 'a selector such as role=web, or a list of host names' })
  .describe('Which hosts: a label selector in Kubernetes grammar, or a list of names.');

/** An absolute path of Linux without a way back up. */
const ABSOLUTE = /^\/(?:(?!\.\.?(?:\/|$))[^/\0]+(?:\/|$))+$/;
const directory = z
  .string({ error: 'an absolute path' })
  .regex(ABSOLUTE, { error: 'an absolute path of a folder below /' });

const host = z
  .strictObject({ labels: labels.optional(), vars: variables.optional() }, { error: 'a mapping with labels and vars' })
  .nullable();

const overlay = z.strictObject(
  {
    hosts: target,
    compose: z
      .array(path, { error: 'a list of paths' })
      .optional()
      .describe('Compose files merged after those of the stack.'),
    vars: variables.optional(),
  },
  { error: 'a mapping with hosts, compose and vars' },
);

const stack = z.strictObject(
  {
    path: path.optional().describe('Folder of the stack; stacks/<name> by default.'),
    directory: directory
      .optional()
      .describe(
        'Folder on the hosts to which relative binds belong, such as that of a project which docker compose made before; what is in Git is not mounted by them then.',
      ),
    hosts: target,
    compose: z
      .array(path, { error: 'a list of paths' })
      .min(1, { error: 'a list of at least one path' })
      .optional()
      .describe('Compose files, merged left to right; [compose.yaml] by default.'),
    overlays: z
      .array(overlay, { error: 'a list of overlays' })
      .optional()
      .describe('What some of the hosts get on top; later ones win.'),
    after: z
      .array(z.string({ error: 'the name of a stack' }), { error: 'a list of stacks' })
      .optional()
      .describe('Stacks that must be synced and healthy on the same host before a change of this one begins.'),
    vars: variables.optional(),
    drift: z
      .enum(['correct', 'report'], { error: 'correct or report' })
      .optional()
      .describe('What happens to drift; correct by default.'),
    ignore: z
      .array(z.string({ error: 'a field path' }), { error: 'a list of field paths' })
      .optional()
      .describe('Fields whose drift is left alone.'),
  },
  { error: 'a mapping with hosts and compose' },
);

/** What fleet.yaml may hold. Each `error` is what is wanted there, for messages. */
export const fleetSchema = z.strictObject(
  {
    version: z.literal(1, { error: '1' }).describe('Version of this format.'),
    hosts: z
      .record(hostName, host, { error: 'a mapping of host names' })
      .nullable()
      .optional()
      .describe('What Git says of hosts.'),
    stacks: z
      .record(z.string().refine(isStackName, { error: `a stack name: ${STACK_NAME_GRAMMAR}` }), stack, {
        error: 'a mapping of stack names',
      })
      .nullable()
      .optional()
      .describe('What runs where.'),
    vars: variables.optional().describe('Variables of every stack.'),
  },
  { error: 'a mapping' },
);

/** fleet.yaml once read, texts being texts. */
export type FleetDocument = z.output<typeof fleetSchema>;

/** Keys that later releases take, with why they are refused until then. */
export const UNSUPPORTED_KEYS: Readonly<Record<string, string>> = {
  rollout: 'every change goes to all hosts at once in this release',
};

/** The JSON Schema (draft 2020-12) of fleet.yaml, for editors. */
export function fleetJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fleetSchema, { io: 'input', unrepresentable: 'any' });
  return { ...schema, title: 'fleet.yaml', description: 'What a fleet of Mooring runs where.' };
}
