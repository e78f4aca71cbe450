import { posix } from 'node:path';
import type { Field } from './field.ts';
import type { Process } from './model.ts';
import { readSeconds } from './quantities.ts';

/** Names of signals that the engine knows, without "SIG" (moby/sys/signal, Linux). */
const SIGNALS = new Set(
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'.split(
    ' ',
  ),
);
const REAL_TIME_SIGNAL = /^(?:RTMIN\+(?:[1-9]|1[0-5])|RTMAX-(?:[1-9]|1[0-4]))$/;
const HIGHEST_SIGNAL = 64;
/** Characters of a host name (sethostname(2)). */
const MAX_HOSTNAME_LENGTH = 64;

/** What runs in a service's containers, and as whom. */
export function readProcess(service: Field): Process {
  const grace = service.get('stop_grace_period');
  return {
    hostname: readHostname(service.get('hostname')),
    domainname: readHostname(service.get('domainname')),
    user: service.get('user')?.text() ?? '',
    workingDir: readWorkingDir(service.get('working_dir')),
    tty: service.get('tty')?.boolean() ?? false,
    stdinOpen: service.get('stdin_open')?.boolean() ?? false,
    init: service.get('init')?.boolean(),
    stopSignal: readSignal(service.get('stop_signal')),
    stopTimeoutSeconds: grace === undefined || grace.isNull ? undefined : readSeconds(grace),
  };
}

function readHostname(field: Field | undefined): string {
  const name = field?.text() ?? '';
  if (field !== undefined && (name.length > MAX_HOSTNAME_LENGTH || /[\s/:]/.test(name)))
    throw field.refusal(
      'NAME_INVALID',
      `"${name}" is no host name; letters, digits, "-" and ".", at most ${MAX_HOSTNAME_LENGTH}, are wanted`,
    );
  return name;
}

function readWorkingDir(field: Field | undefined): string {
  const path = field?.text() ?? '';
  if (field === undefined || path === '') return '';
  if (!path.startsWith('/'))
    throw field.refusal('COMPOSE_VALUE', `"${path}" is not absolute; a path inside the container is wanted`);
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}

/** As written: the engine keeps the spelling. Throws COMPOSE_VALUE for what it does not know. */
function readSignal(field: Field | undefined): string {
  const text = field?.scalarText() ?? '';
  if (field === undefined || text === '' || isSignal(text)) return text;
  throw field.refusal('COMPOSE_VALUE', `"${text}" is no signal; a name such as SIGTERM is wanted`);
}

function isSignal(text: string): boolean {
  if (/^\d{1,3}$/.test(text)) return Number(text) >= 1 && Number(text) <= HIGHEST_SIGNAL;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return SIGNALS.has(name) || REAL_TIME_SIGNAL.test(name);
}
