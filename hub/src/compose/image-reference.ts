import type { Field } from './field.ts';

// The grammar of distribution's reference package (distribution/reference v0.6, regexp.go).
const DOMAIN_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = `(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const NAME = `(?:${DOMAIN}/)?${PATH_PART}(?:/${PATH_PART})*`;
const TAG = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';
const DIGEST = '[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(${NAME})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const SHA256 = /^sha256:[0-9a-f]{64}$/;
/** Characters of a name, without tag and digest. */
const MAX_NAME_LENGTH = 255;

/** An image reference, as written. Throws IMAGE_REF. */
export function readImage(field: Field): string {
  const text = field.text();
  const [, name = '', , digest] = REFERENCE.exec(text) ?? [];
  if (text === '') throw refusal(field, 'it is empty');
  if (name === '')
    throw refusal(
      field,
      /^[^@:]*[A-Z]/.test(text) ? `"${text}" has upper-case letters in its name` : `"${text}" is no image reference`,
    );
  if (name.length > MAX_NAME_LENGTH)
    throw refusal(field, `its name has ${name.length} characters, over ${MAX_NAME_LENGTH}`);
  if (digest?.startsWith('sha256:') === true && !SHA256.test(digest))
    throw refusal(field, 'its digest does not have 64 hex digits');
  return text;
}

function refusal(field: Field, what: string) {
  return field.refusal('IMAGE_REF', `${what}; a reference such as nginx:1.27 is wanted`);
}
