import type { AbsentRow } from '../row.ts';

const SIGNED_COMMITS =
  'commits need no signature in this release: who may push decides, and the hub signs what it renders';
const POLICY = 'a host has no policy file of its own in this release: what Git says of a container is done';
const SECRETS = 'secrets are files of the repository in this release: none is encrypted in Git';
const WEBHOOK = 'the hub serves no HTTP: it asks its repository, and takes no webhooks';
const ENGINE = 'the engine takes this input, not a program of ours: ';

/** Rows that nothing takes in this release. */
export const ABSENT_ROWS: readonly AbsentRow[] = [
  { number: 10, input: 'an unsigned commit when signatures are required', why: SIGNED_COMMITS },
  { number: 11, input: 'a commit signed by an unknown, expired or revoked key', why: SIGNED_COMMITS },
  { number: 12, input: 'two signatures on one commit', why: SIGNED_COMMITS },
  { number: 39, input: 'privileged, and namespaces of the host', why: POLICY },
  { number: 40, input: 'a mount of /, /etc or the socket of the engine', why: POLICY },
  { number: 41, input: 'devices, capabilities, sysctls, runtimes', why: POLICY },
  {
    number: 45,
    input: 'an image without a digest when one is required',
    why: 'no setting requires digests in this release',
  },
  { number: 51, input: 'an external volume that is missing', why: `${ENGINE}test/e2e gives it to a real one` },
  { number: 54, input: 'a secret that is not encrypted for a host', why: SECRETS },
  {
    number: 55,
    input: 'a key in plain text in a Compose file',
    why: 'files are not searched for what looks like a secret in this release',
  },
  { number: 56, input: 'a broken age or SOPS file', why: SECRETS },
  {
    number: 83,
    input: 'a head that has expired',
    why: 'an assignment does not expire: each heartbeat tells the agent which one is the newest',
  },
  ...[97, 98, 99, 100, 101, 102, 103, 104].map((number) => ({ number, input: 'a webhook', why: WEBHOOK })),
  {
    number: 128,
    input: 'a database on a file system without locks',
    why: 'the file system is not looked at in this release',
  },
];
