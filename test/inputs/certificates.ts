import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM texts of somebody who calls. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateWish {
  /** Lines of openssl's extension section. */
  readonly extensions: readonly string[];
  /** Days from now. */
  readonly from?: number;
  readonly to?: number;
}

const DAY_MS = 86_400_000;

/** A certificate authority that issues whatever it is asked for, by openssl. */
export class Issuer {
  readonly #folder: string;
  readonly #cert: string;
  readonly #key: string;
  #count = 0;

  /** `cert` and `key` are files of the authority. */
  constructor(folder: string, { cert, key }: Credentials) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#cert = cert;
    this.#key = key;
    const lines = [
      '[ca]',
      'default_ca=d',
      '[d]',
      `database=${this.#file('index')}`,
      `new_certs_dir=${folder}`,
      'default_md=sha256',
      'policy=p',
      'rand_serial=yes',
      'unique_subject=no',
      '[p]',
      'commonName=optional',
    ];
    writeFileSync(this.#file('config'), `${lines.join('\n')}\n`);
    writeFileSync(this.#file('index'), '');
  }

  /** An authority of its own, which nobody trusts. */
  static stranger(folder: string): Issuer {
    mkdirSync(folder, { recursive: true });
    const [key, cert] = [join(folder, 'ca.key'), join(folder, 'ca.crt')];
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=stranger',
      '-days',
      '30',
    );
    return new Issuer(folder, { cert, key });
  }

  issue({ extensions, from = -1, to = 30 }: CertificateWish): Credentials {
    this.#count += 1;
    const [key, csr, cert, extra] = ['key', 'csr', 'crt', 'ext'].map((kind) => this.#file(`${this.#count}.${kind}`));
    if (key === undefined || csr === undefined || cert === undefined || extra === undefined)
      throw new Error('no names');
    openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      csr,
      '-subj',
      '/CN=caller',
    );
    writeFileSync(extra, `${extensions.join('\n')}\n`);
    openssl(
      'ca',
      '-batch',
      '-notext',
      '-config',
      this.#file('config'),
      '-in',
      csr,
      '-cert',
      this.#cert,
      '-keyfile',
      this.#key,
      '-startdate',
      stamp(from),
      '-enddate',
      stamp(to),
      '-extfile',
      extra,
      '-out',
      cert,
    );
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

/** A certificate request in DER, for a key that openssl makes so. */
export function certificateRequest(folder: string, ...keyFlags: string[]): Buffer {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'request.der');
  openssl(
    'req',
    '-new',
    ...keyFlags,
    '-nodes',
    '-keyout',
    join(folder, 'request.key'),
    '-outform',
    'DER',
    '-out',
    file,
  );
  return readFileSync(file);
}

/** A context file for the CLI, which only its owner can read. */
export function writeContextFile(file: string, context: object): string {
  writeFileSync(file, JSON.stringify(context));
  chmodSync(file, 0o600);
  return file;
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** As openssl writes times: YYYYMMDDHHMMSSZ. */
function stamp(days: number): string {
  const text = new Date(Date.now() + days * DAY_MS).toISOString();
  return `${text.slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
}
