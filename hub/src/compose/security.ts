import type { Field } from './field.ts';
import { type GitScope, readText } from './git-content.ts';
import type { Security } from './model.ts';
import { readPairs } from './pairs.ts';

/** What the processes of a service may do. Reads a seccomp profile from Git. */
export async function readSecurity(service: Field, scope: GitScope): Promise<Security> {
  return {
    readOnly: service.get('read_only')?.boolean() ?? false,
    privileged: service.get('privileged')?.boolean() ?? false,
    capAdd: readCapabilities(service.get('cap_add')),
    capDrop: readCapabilities(service.get('cap_drop')),
    securityOptions: await readSecurityOptions(service.get('security_opt'), scope),
    sysctls: readPairs(service.get('sysctls')),
    groupAdd: sortedOnce((service.get('group_add')?.items() ?? []).map((group) => group.scalarText())),
  };
}

/** In the spelling that newer clients send, sorted: engines keep what they are told. */
function readCapabilities(field: Field | undefined): readonly string[] {
  const names = (field?.items() ?? []).map((item) => {
    const name = item.text().toUpperCase().replace(/^CAP_/, '');
    if (!/^[A-Z][A-Z_]*$/.test(name))
      throw item.refusal('COMPOSE_VALUE', `"${item.text()}" is no capability; a name such as NET_ADMIN is wanted`);
    return name === 'ALL' ? name : `CAP_${name}`;
  });
  return sortedOnce(names);
}

async function readSecurityOptions(field: Field | undefined, scope: GitScope): Promise<readonly string[]> {
  const options: string[] = [];
  for (const item of field?.items() ?? []) options.push(await readSecurityOption(item, scope));
  return sortedOnce(options);
}

/** `name=value` or the older `name:value`; `no-new-privileges` may stand alone. */
async function readSecurityOption(field: Field, scope: GitScope): Promise<string> {
  const text = field.text();
  if (text === 'no-new-privileges') return text;
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || value === '')
    throw field.refusal('COMPOSE_VALUE', `"${text}" is no security option; "name=value" is wanted`);
  if (name === 'systempaths' && text !== 'systempaths=unconfined')
    throw field.refusal('COMPOSE_VALUE', `"${text}" is nothing that engines know; systempaths=unconfined is wanted`);
  if (name !== 'seccomp' || value === 'unconfined' || value === 'builtin') return `${name}=${value}`;
  return `${name}=${await readProfile(field, value, scope)}`;
}

/** Bytes of a seccomp profile: the engine's own has 12 kB, and each service carries its own copy. */
const MAX_PROFILE_BYTES = 64 * 1024;
/** A string of JSON, or what may stand between two tokens. */
const STRING_OR_SPACE = /("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+/g;

/** The profile as docker compose sends it: the file's JSON without spaces, numbers as they were written. */
async function readProfile(field: Field, path: string, scope: GitScope): Promise<string> {
  const { text, path: found } = await readText(field, path, scope);
  if (text.length > MAX_PROFILE_BYTES)
    throw field.refusal('FILE_TOO_LARGE', `${found} has over ${MAX_PROFILE_BYTES} bytes; a smaller profile is wanted`);
  try {
    JSON.parse(text);
  } catch {
    // Where in the profile the fault is says the parser in words that differ by version.
    throw field.refusal('COMPOSE_VALUE', `${found} is not JSON; a seccomp profile is wanted`);
  }
  scope.spend(field, text.length);
  return text.replace(STRING_OR_SPACE, '$1');
}

function sortedOnce(values: readonly string[]): readonly string[] {
  return values.length === 0 ? values : [...new Set(values)].sort();
}
