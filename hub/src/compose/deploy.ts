import type { Field } from './field.ts';
import { checkKeys } from './known-keys.ts';
import type { RestartPolicy } from './model.ts';
import { readRestart } from './restart.ts';
import {
  DEPLOY_KEYS,
  RESERVATION_KEYS,
  RESOURCE_LIMIT_KEYS,
  RESOURCES_KEYS,
  RESTART_POLICY_KEYS,
  UPDATE_KEYS,
} from './specification.ts';
import type { Warn } from './warn.ts';

/** Containers of one service on one host: a mistyped number must not start a million. */
const MAX_REPLICAS = 1000;

/** Checks the keys of `deploy`. What only Swarm reads is ignored with a warning, as docker compose ignores it. */
export function checkDeploy(deploy: Field | undefined, warn: Warn): void {
  if (deploy === undefined) return;
  checkKeys(deploy, DEPLOY_KEYS, warn);
  const resources = deploy.get('resources');
  const policy = deploy.get('restart_policy');
  const updates = deploy.get('update_config');
  if (policy !== undefined) checkKeys(policy, RESTART_POLICY_KEYS, warn);
  if (updates !== undefined) checkKeys(updates, UPDATE_KEYS, warn);
  if (resources === undefined) return;
  checkKeys(resources, RESOURCES_KEYS, warn);
  const [limits, reservations] = [resources.get('limits'), resources.get('reservations')];
  if (limits !== undefined) checkKeys(limits, RESOURCE_LIMIT_KEYS, warn);
  if (reservations !== undefined) checkKeys(reservations, RESERVATION_KEYS, warn);
}

/** `scale` or `deploy.replicas`, 1 where neither is said. Throws COMPOSE_CONFLICT when they differ, or where one name must do for several. */
export function readReplicas(service: Field): number {
  const [scale, deployed] = [service.get('scale'), service.get('deploy')?.get('replicas')].map((field) =>
    field === undefined || field.isNull ? undefined : { field, count: readCount(field) },
  );
  if (scale !== undefined && deployed !== undefined && scale.count !== deployed.count)
    throw scale.field.refusal(
      'COMPOSE_CONFLICT',
      `it is ${scale.count} and deploy.replicas is ${deployed.count}; one of them is wanted`,
    );
  const said = scale ?? deployed;
  if (said !== undefined && said.count > 1 && (service.get('container_name')?.isNull ?? true) === false)
    throw said.field.refusal(
      'COMPOSE_CONFLICT',
      `${said.count} containers cannot all have one container_name; one container or no name is wanted`,
    );
  return said?.count ?? 1;
}

function readCount(field: Field): number {
  const count = field.count();
  if (count <= MAX_REPLICAS) return count;
  throw field.refusal('COMPOSE_QUANTITY', `it is ${count}; at most ${MAX_REPLICAS} containers are wanted`);
}

const CONDITIONS: Readonly<Record<string, RestartPolicy['name']>> = {
  none: 'no',
  'on-failure': 'on-failure',
  any: 'always',
};

/** `deploy.restart_policy`, which wins, or `restart`. */
export function readRestartPolicy(service: Field): RestartPolicy | undefined {
  const plain = readRestart(service.get('restart'));
  const policy = service.get('deploy')?.get('restart_policy');
  if (policy === undefined || policy.isNull) return plain;
  const condition = policy.get('condition');
  const text = condition?.text() ?? 'any';
  const name = Object.hasOwn(CONDITIONS, text) ? CONDITIONS[text] : undefined;
  if (name === undefined)
    throw (condition ?? policy).refusal('COMPOSE_VALUE', `"${text}" is unknown; none, on-failure or any is wanted`);
  const attempts = policy.get('max_attempts')?.count() ?? 0;
  // The engine takes a count for this one policy alone.
  return { name, maximumRetries: name === 'on-failure' ? attempts : 0 };
}
