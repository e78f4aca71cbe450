import { type AdminServiceService, MooringError, Role, type User } from '@mooring/proto';
import type { Handlers } from '../grpc/handlers.ts';
import type { UserRecord } from '../store/store.ts';
import type { Enrolment } from './enrolment.ts';

/** What AdminService answers with. */
export interface AdminParts {
  readonly enrolment: Enrolment;
  /** Certificate authority of the fleet, DER. */
  readonly caCertificateDer: Uint8Array;
  /** Asks the source now; resolves when what it holds is decided on. */
  readonly sync: () => Promise<Decided>;
  /** Accepts the branch's head whatever its history; resolves when it is decided on. Throws GIT_HEAD_MOVED. */
  readonly acceptRewrite: (commit: string, actor: string) => Promise<Decided>;
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

function userMessage(user: UserRecord): User {
  return {
    name: user.name,
    role: ROLES[user.role],
    createdAtMs: BigInt(user.createdAtMs),
    expiresAtMs: BigInt(user.expiresAtMs),
    revoked: user.revokedAtMs !== 0,
  };
}
