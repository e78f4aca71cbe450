import { type Digest, digestHex } from './digest.ts';

/** Names on the broker. Streams live in the hub's account; hosts only import what is theirs. */
export const STREAMS = { assignments: 'ASSIGNMENTS', objects: 'OBJECTS' } as const;

/** Every assignment; the stream keeps the last of each host. */
export const ASSIGNMENT_SUBJECTS = 'mooring.v1.assignment.*';
/** Every object. */
export const OBJECT_SUBJECTS = 'mooring.v1.object.*';
/** Every push. */
export const PUSH_SUBJECTS = 'mooring.v1.push.*';

/** Where the hub publishes a host's assignment. */
export function assignmentSubject(host: string): string {
  return `mooring.v1.assignment.${host}`;
}

/** Where the broker republishes it for the host that listens. */
export function pushSubject(host: string): string {
  return `mooring.v1.push.${host}`;
}

/** Where an object is published, by the digest of its ciphertext. */
export function objectSubject(object: Digest): string {
  return `mooring.v1.object.${digestHex(object)}`;
}

/** Request subject of JetStream's Direct Get for the last message of a subject (nats-server 2.10, ADR-31). */
export function directGetSubject(stream: string, subject: string): string {
  return `$JS.API.DIRECT.GET.${stream}.${subject}`;
}

/** Prefix of the inboxes that a host's connection may use. */
export function inboxPrefix(host: string): string {
  return `_INBOX_${host}`;
}

/** Name of a host's own account on the broker. */
export function accountName(host: string): string {
  return `HOST_${host}`;
}
