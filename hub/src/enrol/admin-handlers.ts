import {
  type AdminServiceService,
  MooringError,
  type ReturningHost as ReturningHostMessage,
  Role,
  type User,
} from '@mooring/proto';
import type { Handlers } from '../grpc/handlers.ts';
import type { UserRecord } from '../store/store.ts';
import type { Enrolment } from './enrolment.ts';
import { type ReturningHost, toLabels } from './returning-hosts.ts';

/** What AdminService answers with. */
export interface AdminParts {
  readonly enrolment: Enrolment;
  /** Certificate authority of the fleet, DER. */
  readonly caCertificateDer: Uint8Array;
  /** Asks the source now; resolves when what it holds is decided on. */
  readonly sync: () => Promise<Decided>;
  /** Accepts the branch's head whatever its history; resolves when it is decided on. Throws GIT_HEAD_MOVED. */
  readonly acceptRewrite: (commit: string, actor: string) => Promise<Decided>;
  /** Takes over hosts that are ahead; all of them where none is named. Resolves to their names, sorted. Throws NOT_FOUND. */
  readonly takeOver: (hosts: readonly string[] | 'all', actor: string) => Promise<readonly string[]>;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/** A commit that was decided on. */
export interface Decided {
  readonly commit: string;
  readonly accepted: boolean;
}

/** All of a commit's name: an acceptance means this one and no other. */
const COMMIT = /^[0-9a-f]{40}$/;

/** Handlers of AdminService. The role that each method declares was checked before. */
export function createAdmin({
  enrolment,
  caCertificateDer,
  sync,
  acceptRewrite,
  takeOver,
  clock,
}: AdminParts): Handlers<AdminServiceService> {
  return {
    async invite(request, { caller }) {
      const { joinString, expiresAtMs } = await enrolment.invite({ ...request, actor: caller.name });
      return { joinString, expiresAtMs: BigInt(expiresAtMs) };
    },
    async revoke(request, { caller }) {
      await enrolment.revoke({ ...request, actor: caller.name });
      return {};
    },
    async removeHost(request, { caller }) {
      await enrolment.removeHost({ host: request.host, actor: caller.name });
      return {};
    },
    async listReturning() {
      const known = enrolment.returning();
      return {
        hosts: known.map((host) => returningMessage(host, { nowMs: clock(), known: enrolment.isKnown(host.name) })),
      };
    },
    async approve(request, { caller }) {
      const { hosts, withoutLabels } = await enrolment.approve({ ...request, actor: caller.name });
      return { hosts: [...hosts], withoutLabels: [...withoutLabels] };
    },
    async takeOver({ hosts, all }, { caller }) {
      if (all === hosts.length > 0) {
        const message = 'Cannot take over hosts: neither names nor all, or both, are given; one of them is wanted';
        throw new MooringError('INVALID_ARGUMENT', message);
      }
      return { hosts: [...(await takeOver(all ? 'all' : hosts, caller.name))] };
    },
    async addUser(request, { caller }) {
      const role = personRole(request.role);
      const { certificates, expiresAtMs } = await enrolment.addUser({ ...request, role, actor: caller.name });
      return {
        certificates,
        caCertificates: [Buffer.from(caCertificateDer)],
        hubAddresses: [...enrolment.endpoints().hub],
        expiresAtMs: BigInt(expiresAtMs),
      };
    },
    async listUsers() {
      return { users: enrolment.users().map(userMessage) };
    },
    async sync() {
      return await sync();
    },
    async acceptRewrite({ commit }, { caller }) {
      if (!COMMIT.test(commit)) {
        const message = 'Cannot accept the commit: that is not the whole of its name; 40 hex digits are wanted';
        throw new MooringError('INVALID_ARGUMENT', message, { hint: '`mooring status` names the commit in full.' });
      }
      return await acceptRewrite(commit, caller.name);
    },
  };
}

const ROLES = { viewer: Role.ROLE_VIEWER, operator: Role.ROLE_OPERATOR, admin: Role.ROLE_ADMIN } as const;

function personRole(role: Role): UserRecord['role'] {
  switch (role) {
    case Role.ROLE_VIEWER:
      return 'viewer';
    case Role.ROLE_OPERATOR:
      return 'operator';
    case Role.ROLE_ADMIN:
      return 'admin';
    default:
      throw new MooringError(
        'INVALID_ARGUMENT',
        'Cannot add user: that role is not for people; viewer, operator or admin is wanted',
      );
  }
}

function returningMessage(
  host: ReturningHost,
  { nowMs, known }: { readonly nowMs: number; readonly known: boolean },
): ReturningHostMessage {
  return {
    host: host.name,
    key: host.spkiHash,
    machineId: host.machineId,
    highWater: host.highWater,
    labels: toLabels(host.labels ?? {}),
    labelsTold: host.labels !== undefined,
    known,
    askedAgeMs: BigInt(Math.max(0, nowMs - host.askedAtMs)),
    certificateEndsAtMs: BigInt(host.certificateEndsAtMs),
  };
}

function userMessage(user: UserRecord): User {
  return {
    name: user.name,
    role: ROLES[user.role],
    createdAtMs: BigInt(user.createdAtMs),
    expiresAtMs: BigInt(user.expiresAtMs),
    revoked: user.revokedAtMs !== 0,
  };
}
