import { createPublicKey } from 'node:crypto';
import {
  type AskBackRequest,
  Assignment,
  decodeEnvelope,
  type Label,
  MooringError,
  PAYLOAD_TYPES,
  verifyEnvelope,
} from '@mooring/proto';
import type { Caller } from '../grpc/handlers.ts';
import type { ToldRevision } from '../store/store.ts';
import { checkedLabels } from './invite.ts';
import { verifyNkey } from './nkey.ts';
import { checkedFact, type EnrolmentContext, record } from './parts.ts';
import { readTrustFile } from './trust-file.ts';

/** Hosts that may ask at once: as many as a fleet has. */
const MAX_RETURNING = 10_000;
/** Milliseconds between two questions of one host while few ask: an approval shows at once. */
const ASK_AGAIN_MS = 2_000;
/** Milliseconds that each host that asks adds: all of them together ask a hundred times a second. */
const ASK_AGAIN_PER_HOST_MS = 10;
/** Milliseconds after which a host that no longer asks is forgotten: several of the longest times between two questions. */
const FORGET_AFTER_MS = 10 * 60_000;
/** Ids of identities are UUIDs. */
const IDENTITY_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A host that asks to be let in again: what its certificate proves, and what it says. */
export interface ReturningHost {
  readonly name: string;
  /** Hex SHA-256 of its key. */
  readonly spkiHash: string;
  readonly certificateEndsAtMs: number;
  readonly identityId: string;
  readonly nkey: string;
  readonly machineId: string;
  readonly agentVersion: string;
  readonly highWater: bigint;
  /** Undefined: no hub ever told it its labels. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly told: readonly ToldRevision[];
  readonly askedAtMs: number;
}

/** Who asks to be let in again. In memory alone: they ask until somebody answers. */
export class ReturningHosts {
  readonly #context: EnrolmentContext;
  readonly #hosts = new Map<string, ReturningHost>();

  constructor(context: EnrolmentContext) {
    this.#context = context;
  }

  /** Takes note of a host; answers when it shall ask again. Throws INVALID_ARGUMENT or ASSIGNMENT_* for what no honest host says. */
  async ask(caller: Caller, request: AskBackRequest): Promise<{ readonly askAgainMs: number }> {
    const host = this.#checked(caller, request);
    const before = this.#hosts.get(host.name);
    const now = this.list();
    if (before === undefined && now.length >= MAX_RETURNING) {
      const message = `Cannot hear host ${host.name}: ${MAX_RETURNING} hosts ask already; an approval of those is wanted`;
      throw new MooringError('RATE_LIMITED', message);
    }
    // Of two that bear one name, the one with the newer certificate is the host.
    if (before === undefined || before.certificateEndsAtMs <= host.certificateEndsAtMs)
      this.#hosts.set(host.name, host);
    if (before?.spkiHash !== host.spkiHash) {
      const message = `Host ${host.name}, which this hub does not remember, asks to be let in again: mooring approve ${host.name}`;
      await record(this.#context, { kind: 'identity.asks-back', host: host.name, code: 'HOST_FORGOTTEN', message });
    }
    return { askAgainMs: ASK_AGAIN_MS + now.length * ASK_AGAIN_PER_HOST_MS };
  }

  /** Who asks now, sorted by name. */
  list(): readonly ReturningHost[] {
    const oldest = this.#context.clock() - FORGET_AFTER_MS;
    for (const { name, askedAtMs } of this.#hosts.values()) if (askedAtMs < oldest) this.#hosts.delete(name);
    return [...this.#hosts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** It was let in. */
  done(name: string): void {
    this.#hosts.delete(name);
  }

  #checked({ name, key }: Caller, request: AskBackRequest): ReturningHost {
    if (key === undefined) throw new MooringError('INTERNAL', `Cannot hear host ${name}: its key was not handed on`);
    const refuse = (what: string, wanted: string) =>
      new MooringError('INVALID_ARGUMENT', `Cannot hear host ${name}: ${what}; ${wanted} is wanted`);
    if (!verifyNkey(request.nkey, Buffer.from(key.spkiHash, 'hex'), request.nkeySignature))
      throw refuse('its nkey did not sign its key', 'proof of possession');
    if (!IDENTITY_ID.test(request.identityId)) throw refuse('its identity has no id', 'that of its join');
    this.checkUnique({ name, ...request });
    const told = request.accepted.byteLength === 0 ? undefined : this.#assignment(name, request.accepted);
    const mark = request.highWater > BigInt(Number.MAX_SAFE_INTEGER) ? 0n : request.highWater;
    return {
      name,
      spkiHash: key.spkiHash,
      certificateEndsAtMs: key.endsAtMs,
      identityId: request.identityId,
      nkey: request.nkey,
      machineId: checkedFact('hear host', 'machine id', request.machineId),
      agentVersion: checkedFact('hear host', 'version', request.agentVersion),
      highWater: told !== undefined && told.generation > mark ? told.generation : mark,
      labels: request.labelsTold ? checkedLabels(`hear host ${name}`, request.labels) : undefined,
      told: told === undefined ? [] : toldRevisions(told),
      askedAtMs: this.#context.clock(),
    };
  }

  /** Two hosts with one user on the broker, or one data key, would each have the rights of the other. Throws INVALID_ARGUMENT. */
  checkUnique({ name, nkey, identityId }: Pick<ReturningHost, 'name' | 'nkey' | 'identityId'>): void {
    const others = this.#context.store.hosts().filter((host) => host.name !== name);
    const other = others.find((host) => host.nkey === nkey || host.identityId === identityId);
    if (other === undefined) return;
    const message = `Cannot hear host ${name}: its nkey or identity belongs to host ${other.name}; its own is wanted`;
    throw new MooringError('INVALID_ARGUMENT', message, {
      hint: `Give it a new one: mooring invite ${name} --replace`,
    });
  }

  /** What a hub of this fleet once signed for that very host. */
  #assignment(name: string, bytes: Uint8Array): Assignment {
    const { fleet } = this.#context;
    const envelope = decodeEnvelope(bytes);
    const keys = readTrustFile(fleet.trustEnvelope).assignmentKeys.map(({ keyId, spki }) => ({
      keyId,
      key: createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
    }));
    verifyEnvelope(envelope, keys);
    if (envelope.payloadType !== PAYLOAD_TYPES.assignment)
      throw new MooringError(
        'ASSIGNMENT_TYPE',
        `Cannot hear host ${name}: what it accepted is no assignment; one is wanted`,
      );
    const assignment = Assignment.decode(envelope.payload);
    if (assignment.fleetId === fleet.id && assignment.host === name) return assignment;
    throw new MooringError(
      'ASSIGNMENT_WRONG_HOST',
      `Cannot hear host ${name}: what it accepted is that of ${assignment.host}; its own is wanted`,
    );
  }
}

/** The commits of an assignment; its reason tells of the one that it was issued for. */
function toldRevisions({ host, stacks, issuedAtMs, reason, actor }: Assignment): ToldRevision[] {
  const commits = new Set(stacks.map(({ commit }) => commit).filter((commit) => commit !== ''));
  return [...commits].map((commit) => {
    const isCause = reason.includes(commit.slice(0, COMMIT_IN_REASON));
    const known = isCause
      ? { reason: reason.slice(0, MAX_TOLD_CHARACTERS), actor: actor.slice(0, MAX_TOLD_CHARACTERS) }
      : { reason: '', actor: '' };
    return { commit, host, issuedAtMs: Number(issuedAtMs), ...known };
  });
}

/** Digits of a commit that a reason names. */
const COMMIT_IN_REASON = 12;

/** Characters of a reason and an actor that are kept. */
const MAX_TOLD_CHARACTERS = 200;

/** Labels as messages, sorted. */
export function toLabels(labels: Readonly<Record<string, string>>): Label[] {
  return Object.entries(labels)
    .map(([name, value]) => ({ name, value }))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}
