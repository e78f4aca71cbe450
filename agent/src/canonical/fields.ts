/**
 * The canonical form of a container, network or volume: Compose's own path of each field that can be compared, and its value as text. Two forms of
 * the same thing are equal texts; whatever means "not set" (null, [], {}, 0, false, "") is absent.
 */
export type Fields = ReadonlyMap<string, string>;

/** Version of the rules. It changes when an unchanged object would read differently; receipts of another version are taken anew. */
export const CANONICAL_VERSION = 2;

/** Collects fields; what is not set leaves no trace. */
export class FieldsBuilder {
  readonly #fields = new Map<string, string>();

  text(path: string, value: string | undefined | null): this {
    // What an engine says may be anything, whatever its type here: no text is none.
    if (typeof value === 'string' && value !== '') this.#fields.set(path, value);
    return this;
  }

  /** A number, 0 being "not set". */
  number(path: string, value: number | bigint | undefined | null): this {
    // Most numbers are not set: nothing is made of them.
    if (value === undefined || value === null || Number(value) === 0) return this;
    return this.text(path, String(value));
  }

  /** True or not set. */
  flag(path: string, value: boolean | undefined | null): this {
    return this.text(path, value === true ? 'true' : '');
  }

  /** A list whose order matters. */
  list(path: string, values: readonly string[] | undefined | null): this {
    if (!Array.isArray(values) || values.length === 0) return this;
    const texts = values.every(isText) ? values : values.filter(isText);
    return texts.length === 0 ? this : this.text(path, JSON.stringify(texts));
  }

  /** A list whose order does not matter. */
  set(path: string, values: readonly string[] | undefined | null): this {
    if (!Array.isArray(values) || values.length === 0) return this;
    return this.list(path, values.length === 1 ? values : [...new Set(values)].sort());
  }

  /** A mapping: one field a name. The values keep a mark before them, so that an empty one differs from none. */
  map(path: string, values: Readonly<Record<string, string | undefined>> | undefined | null): this {
    if (values === undefined || values === null) return this;
    for (const [name, value] of Object.entries(values)) this.text(`${path}.${name}`, `=${value ?? ''}`);
    return this;
  }

  build(): Fields {
    return this.#fields;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** The attribute that a path belongs to: `environment` of `environment.LOG`. */
export function attributeOf(path: string): string {
  const dot = path.indexOf('.');
  return dot === -1 ? path : path.slice(0, dot);
}
