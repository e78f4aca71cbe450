import { isAbsolute, resolve } from 'node:path';
import { MooringError } from '@mooring/proto';

/** Where the repository is: a folder on this machine, or a smart HTTP server. */
export type Location =
  | { readonly kind: 'local'; readonly folder: string }
  | { readonly kind: 'remote'; readonly url: string };

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/|:)/;
/** `host:path` and `user@host:path`, git's short form for ssh. */
const SCP_FORM = /^(?:[^@/\s]+@)?[A-Za-z0-9.-]{2,}:(?!\/\/)[^\\]/;

/**
 * Reads what an operator wrote for `--repo`: a path, or an http(s) URL. Throws SOURCE_URL_SCHEME for every other kind of URL and
 * SOURCE_URL_CREDENTIALS for one that carries a user or password, which no message repeats.
 */
export function parseLocation(text: string): Location {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return { kind: 'remote', url: checkUrl(text) };
  if (scheme !== undefined || (!isAbsolute(text) && SCP_FORM.test(text))) {
    const found = scheme === undefined ? 'it is an ssh address' : `its scheme is "${scheme}"`;
    throw new MooringError(
      'SOURCE_URL_SCHEME',
      `Cannot follow repository "${redactUrl(text)}": ${found}; a path on this machine or an http(s) URL is wanted`,
      { hint: 'Use the https address of the repository with --token-file.' },
    );
  }
  return { kind: 'local', folder: resolve(text) };
}

/** The text without user and password, whatever form it has. */
export function redactUrl(text: string): string {
  return text.replace(/^([A-Za-z][A-Za-z0-9+.-]*:(?:\/\/|:))?[^/]*@/, '$1…@');
}

function checkUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new MooringError(
      'SOURCE_URL_SCHEME',
      `Cannot follow repository "${redactUrl(text)}": it is not a URL; one like https://git.example/fleet.git is wanted`,
      { cause },
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new MooringError(
      'SOURCE_URL_CREDENTIALS',
      `Cannot follow repository "${redactUrl(text)}": the URL carries credentials; a URL without them is wanted`,
      { hint: 'Put the token in a file of mode 0600 and name it with --token-file.' },
    );
  }
  if (url.search !== '' || url.hash !== '') {
    throw new MooringError(
      'SOURCE_URL_SCHEME',
      `Cannot follow repository "${url.origin}${url.pathname}": the URL has a query or a fragment; one without is wanted`,
    );
  }
  return url.href.replace(/\/+$/, '');
}
