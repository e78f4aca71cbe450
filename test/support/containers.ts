import { GenericContainer } from 'testcontainers';
import type { Engine } from './engine.ts';

/** A container that a test depends on, on a private engine. Ports are waited for by what the program logs: its network is another one. */
export function containerOn(engine: Engine, image: string): GenericContainer {
  process.env['DOCKER_HOST'] = `unix://${engine.socket}`;
  // The engine is removed with all that is on it; nobody needs to watch it.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
  process.env['TESTCONTAINERS_HOST_OVERRIDE'] = '127.0.0.1';
  return new GenericContainer(image);
}
