import { METHOD_ROLES, MooringError } from '@mooring/proto';
import type { Caller, DeclaredRole } from './handlers.ts';

/** What people may do, each including the ones before. */
const ORDER: readonly DeclaredRole[] = ['viewer', 'operator', 'admin'];

/** Methods of services that are not ours; whoever may connect at all may call them. */
const STANDARD_METHODS: ReadonlySet<string> = new Set([
  '/grpc.health.v1.Health/Check',
  '/grpc.health.v1.Health/Watch',
  '/grpc.health.v1.Health/List',
  '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
]);

/** The role that a method declares; undefined: none, so it must not be served. */
export function declaredRole(path: string): DeclaredRole | undefined {
  if (STANDARD_METHODS.has(path)) return 'anyone';
  const roles: Readonly<Record<string, DeclaredRole>> = METHOD_ROLES;
  return Object.hasOwn(roles, path) ? roles[path] : undefined;
}

/** True when a caller of that role may call a method that declares the other. */
export function mayCall(role: DeclaredRole, declared: DeclaredRole): boolean {
  if (declared === 'anyone' || role === declared) return true;
  const wanted = ORDER.indexOf(declared);
  return wanted >= 0 && ORDER.indexOf(role) >= wanted;
}

/** Refuses a caller whose role does not reach. Throws PERMISSION_DENIED, or HOST_FORGOTTEN for a host that may ask to be let in again. */
export function checkRole(caller: Caller, path: string): void {
  const declared = declaredRole(path);
  if (declared !== undefined && mayCall(caller.role, declared)) return;
  if (caller.role === 'returning') throw forgotten(caller.name);
  throw new MooringError(
    'PERMISSION_DENIED',
    `Cannot call ${path.slice(path.lastIndexOf('/') + 1)}: ${caller.name} has role ${caller.role}; ${declared ?? 'another'} is wanted`,
  );
}

function forgotten(host: string): MooringError {
  const message = `Cannot serve host ${host}: this hub does not remember it by this key; an approval is wanted`;
  return new MooringError('HOST_FORGOTTEN', message, { hint: `Run on the hub: mooring approve ${host}` });
}
