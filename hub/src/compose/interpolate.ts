import { MooringError } from '@mooring/proto';
import { fieldPath } from './field-path.ts';
import type { VariableSource } from './repository.ts';
import { evaluateTemplate, parseTemplate, TemplateError, type TemplatePart, VariableMissing } from './template.ts';
import type { MappingNode, ScalarNode, YamlNode } from './yaml-node.ts';

/** What interpolation needs beside the file. */
export interface Interpolation {
  readonly variables: VariableSource;
  /** Called for each variable that is unset and has no default, with the value that names it. */
  readonly unset: (name: string, node: ScalarNode, field: string) => void;
}

/** Characters of one file's values once variables are filled in: a long value must not be multiplied without end. */
const MAX_INTERPOLATED_LENGTH = 4 * 1024 * 1024;

/**
 * Replaces variables in every value of a file, never in keys. What came out of a variable is text, whatever it looks like. Throws
 * COMPOSE_VAR_UNDEFINED for a required variable, COMPOSE_VAR_SYNTAX and RENDER_TOO_LARGE, each with place and field.
 */
export function interpolateFile(root: MappingNode, { variables, unset }: Interpolation): MappingNode {
  const walk = new Walk((parts, node, field) => {
    try {
      return evaluateTemplate(parts, {
        get: (name) => variables.get(name),
        unset: (name) => unset(name, node, field),
      });
    } catch (error) {
      throw error instanceof VariableMissing ? required(error, node, field) : error;
    }
  });
  return walk.mapping(root, '');
}

/** Checks the variables of a file without asking for any. Throws COMPOSE_VAR_SYNTAX. */
export function checkTemplates(root: MappingNode): void {
  new Walk(() => '').mapping(root, '');
}

type Fill = (parts: readonly TemplatePart[], node: ScalarNode, field: string) => string;

class Walk {
  readonly #fill: Fill;
  #length = 0;

  constructor(fill: Fill) {
    this.#fill = fill;
  }

  mapping(node: MappingNode, field: string): MappingNode {
    const entries = node.entries.map((entry) => ({
      ...entry,
      value: this.#node(entry.value, fieldPath(field, entry.key)),
    }));
    return { ...node, entries };
  }

  #node(node: YamlNode, field: string): YamlNode {
    switch (node.kind) {
      case 'scalar':
        return node.text.includes('$') ? this.#scalar(node, field) : node;
      case 'sequence':
        return { ...node, items: node.items.map((item, index) => this.#node(item, fieldPath(field, index))) };
      case 'mapping':
        return this.mapping(node, field);
    }
  }

  #scalar(node: ScalarNode, field: string): ScalarNode {
    const text = this.#fill(parse(node, field), node, field);
    this.#length += text.length;
    if (this.#length > MAX_INTERPOLATED_LENGTH)
      throw new MooringError(
        'RENDER_TOO_LARGE',
        `Cannot use ${node.at.file}: its values have more than ${MAX_INTERPOLATED_LENGTH} characters once variables are filled in; fewer are wanted`,
        { place: { ...node.at, field } },
      );
    return { ...node, text, plain: false };
  }
}

function parse(node: ScalarNode, field: string): readonly TemplatePart[] {
  try {
    return parseTemplate(node.text);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new MooringError(
      'COMPOSE_VAR_SYNTAX',
      `Cannot use ${field}: ${error.message}; \${NAME} or \${NAME:-default} is wanted`,
      { place: { ...node.at, field }, hint: 'Write $$ for a dollar sign.', cause: error },
    );
  }
}

function required({ variable, message }: VariableMissing, node: ScalarNode, field: string): MooringError {
  const why = message === '' ? 'it is required' : message;
  return new MooringError(
    'COMPOSE_VAR_UNDEFINED',
    `Cannot use ${field}: the variable ${variable} is not set: ${why}; a value is wanted`,
    { place: { ...node.at, field }, hint: `Set ${variable} under vars: in fleet.yaml, or in the stack's .env.` },
  );
}
