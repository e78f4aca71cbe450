import type { Field } from './field.ts';
import { checkKeys } from './known-keys.ts';
import { readBytes } from './quantities.ts';
import { UNSUPPORTED_DEPLOY } from './specification.ts';

const NOT_YET = 'is not supported yet';
// The smallest limit that the engine takes (Engine API 1.41: "Minimum memory limit allowed is 6MB").
const MIN_MEMORY_BYTES = 6 * 1024 * 1024;

/** `mem_limit` or `deploy.resources.limits.memory`, in bytes; 0: no limit. Throws COMPOSE_CONFLICT when both say something else. */
export function readMemory(service: Field): number {
  const plain = readLimit(service.get('mem_limit'));
  const deployed = readLimit(deployedLimit(service.get('deploy')));
  if (plain !== undefined && deployed !== undefined && plain !== deployed) {
    throw service.refusal(
      'COMPOSE_CONFLICT',
      'mem_limit and deploy.resources.limits.memory differ; one of them is wanted',
    );
  }
  return plain ?? deployed ?? 0;
}

function deployedLimit(deploy: Field | undefined): Field | undefined {
  if (deploy === undefined) return undefined;
  checkKeys(deploy, { read: ['resources'], refused: UNSUPPORTED_DEPLOY });
  const resources = deploy.get('resources');
  if (resources === undefined) return undefined;
  checkKeys(resources, { read: ['limits'], refused: { reservations: NOT_YET } });
  const limits = resources.get('limits');
  if (limits !== undefined) checkKeys(limits, { read: ['memory'], refused: { cpus: NOT_YET, pids: NOT_YET } });
  return limits?.get('memory');
}

function readLimit(field: Field | undefined): number | undefined {
  if (field === undefined) return undefined;
  const bytes = readBytes(field);
  if (bytes !== 0 && bytes < MIN_MEMORY_BYTES)
    throw field.refusal('COMPOSE_QUANTITY', `${bytes} bytes are less than the engine takes; 6m or more is wanted`);
  return bytes;
}
