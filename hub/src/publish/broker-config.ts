import {
  ASSIGNMENT_SUBJECTS,
  accountName,
  assignmentSubject,
  directGetSubject,
  inboxPrefix,
  OBJECT_SUBJECTS,
  PUSH_SUBJECTS,
  pushSubject,
  STREAMS,
} from '@mooring/proto';

/** A host's user on the broker. */
export interface BrokerUser {
  readonly host: string;
  /** Public user nkey. */
  readonly nkey: string;
}

/** Everything that the server of our own needs to know. */
export interface BrokerSettings {
  readonly listenHost: string;
  readonly listenPort: number;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly storeFolder: string;
  readonly pidFile: string;
  readonly hubNkey: string;
  readonly users: readonly BrokerUser[];
}

// Objects travel in pieces of at most 256 KiB and assignments below 1 MiB.
const MAX_PAYLOAD = '1MB';
// A subject of ours has under 200 bytes; the rest is for the protocol's own verbs.
const MAX_CONTROL_LINE_BYTES = 4096;
// An agent needs two; the rest is room for its library, and more is a fault or an attack.
const MAX_SUBSCRIPTIONS = 64;
// A client that does not read is cut off before it costs memory.
const WRITE_DEADLINE = '10s';
// Bytes that wait for one client.
const MAX_PENDING = '16MB';

/** The configuration of the hub's own nats-server (2.10.23 or later): TLS only, no default user, one account per host. */
export function brokerConfig(settings: BrokerSettings): string {
  return [
    `listen: ${quote(`${settings.listenHost}:${settings.listenPort}`)}`,
    `server_name: "mooring"`,
    `pid_file: ${quote(settings.pidFile)}`,
    `max_payload: ${MAX_PAYLOAD}`,
    `max_control_line: ${MAX_CONTROL_LINE_BYTES}`,
    `max_pending: ${MAX_PENDING}`,
    `write_deadline: "${WRITE_DEADLINE}"`,
    `tls {`,
    `  cert_file: ${quote(settings.certificateFile)}`,
    `  key_file: ${quote(settings.keyFile)}`,
    `  ca_file: ${quote(settings.caFile)}`,
    `  timeout: 5`,
    `}`,
    `jetstream { store_dir: ${quote(settings.storeFolder)} }`,
    accountsConfig(settings.hubNkey, settings.users),
  ].join('\n');
}

/** The accounts alone, for a broker that somebody else runs: what its configuration must include. */
export function accountsConfig(hubNkey: string, users: readonly BrokerUser[]): string {
  const hosts = [...users].sort((a, b) => (a.host < b.host ? -1 : 1)).map(hostAccount);
  return ['accounts {', hubAccount(hubNkey), ...hosts, '}', ''].join('\n');
}

const DIRECT_GET_ASSIGNMENTS = directGetSubject(STREAMS.assignments, ASSIGNMENT_SUBJECTS);
const DIRECT_GET_OBJECTS = directGetSubject(STREAMS.objects, OBJECT_SUBJECTS);

function hubAccount(nkey: string): string {
  return `  HUB {
    jetstream: enabled
    users: [ { nkey: ${nkey} } ]
    exports: [
      { service: ${quote(DIRECT_GET_ASSIGNMENTS)} }
      { service: ${quote(DIRECT_GET_OBJECTS)} }
      { stream: ${quote(PUSH_SUBJECTS)} }
    ]
  }`;
}

// An account of its own: in a shared one, reply subjects let one host write where another reads.
function hostAccount({ host, nkey }: BrokerUser): string {
  const own = quote(directGetSubject(STREAMS.assignments, assignmentSubject(host)));
  const objects = quote(DIRECT_GET_OBJECTS);
  const push = quote(pushSubject(host));
  return `  ${accountName(host)} {
    limits { max_subs: ${MAX_SUBSCRIPTIONS} }
    users: [ { nkey: ${nkey}, permissions: {
      publish: { allow: [ ${own}, ${objects} ] }
      subscribe: { allow: [ ${quote(`${inboxPrefix(host)}.>`)}, ${push} ] } } } ]
    imports: [
      { service: { account: HUB, subject: ${own} } }
      { service: { account: HUB, subject: ${objects} } }
      { stream: { account: HUB, subject: ${push} } }
    ]
  }`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
