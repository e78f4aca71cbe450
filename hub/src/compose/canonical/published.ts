import type { Field } from '../field.ts';
import { readPort } from '../ports.ts';
import { type Json, object, plainText, text } from './shapes.ts';

const LONG = object({
  app_protocol: plainText,
  host_ip: plainText,
  mode: plainText,
  name: plainText,
  protocol: plainText,
  published: text,
  target: text,
});

/** `ports` as docker compose prints them: each port of a range by itself, in the order they are written, each once. */
export function readPublished(field: Field): Json {
  const ports = new Map<string, Json>();
  for (const item of field.items()) {
    const said = item.node.kind === 'mapping' ? LONG(item) : {};
    for (const { hostAddress, containerPort, hostPort, protocol } of readPort(item)) {
      const port = {
        ...said,
        mode: said['mode'] ?? 'ingress',
        ...(hostAddress === '' ? {} : { host_ip: hostAddress }),
        target: containerPort,
        ...(hostPort === '' ? {} : { published: hostPort }),
        protocol,
      };
      ports.set(JSON.stringify([hostAddress, containerPort, hostPort, protocol]), port);
    }
  }
  return [...ports.values()];
}
